#pragma once
// The gateway to applications that run elsewhere, by FastCGI, SCGI or uwsgi, and to FastCGI and
// SCGI programs of ours: what is mapped to an address or a program, and files that --interpreter
// sends there.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gatehouse/gateway/application.hpp"
#include "gatehouse/gateway/input_plan.hpp"
#include "gatehouse/http/handler.hpp"
#include "gatehouse/process/pool.hpp"
#include "gatehouse/remote/protocol.hpp"
#include "gatehouse/remote/rules.hpp"
#include "gatehouse/upstream/address.hpp"
#include "gatehouse/upstream/application.hpp"

namespace gatehouse::remote {

class remote_application final : public gateway::application {
 public:
  // The rules outlive it. Names of hosts are looked up here. Throws std::runtime_error with one
  // line if the system knows no address of one.
  remote_application(protocol how, std::vector<upstream::address> const& at, rules const& by);
  // To a program of ours, whose path this is.
  remote_application(protocol how, std::string const& program, rules const& by);
  ~remote_application() override;

  // From now on requests to a program of ours are answered by these, and not only described.
  void serve_with(std::shared_ptr<process::pool> programs) { programs_ = std::move(programs); }

  std::string const& text() const override { return text_; }
  base::task<http::outcome> ask(gateway::script_target target, http::request const& request,
                                http::body_source& request_body,
                                http::exchange_context& context) override;

 private:
  base::task<base::result<gateway::input_plan>> plan_body(
      http::request const& request, http::body_source& body,
      http::exchange_context const& context) const;

  protocol how_;
  std::string place_;  // the addresses, or the program's path
  std::string text_;
  rules const& rules_;
  std::shared_ptr<upstream::application> whom_;  // shared with the connections to it; null: ours
  std::shared_ptr<process::pool> programs_;      // ours
};

// Answers all requests below a prefix by one application, to which the prefix is SCRIPT_NAME.
class mapped_application final : public http::handler {
 public:
  mapped_application(std::string prefix, std::shared_ptr<gateway::application> whom)
      : prefix_(std::move(prefix)), whom_(std::move(whom)) {}

  gateway::application& application() { return *whom_; }

  base::task<http::outcome> handle(http::request const& request, http::body_source& request_body,
                                   http::exchange_context& context) override;

 private:
  std::string prefix_;
  std::shared_ptr<gateway::application> whom_;
};

}  // namespace gatehouse::remote
