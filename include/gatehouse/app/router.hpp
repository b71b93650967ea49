#pragma once
// Finds the handler for a request by the host that it names and the longest prefix of its path.
// Itself a handler; the place where local redirects (RFC 3875, 6.2.2) are followed.

#include <memory>
#include <string>
#include <vector>

#include "gatehouse/base/recency.hpp"
#include "gatehouse/http/handler.hpp"

namespace gatehouse::app {

// Which requests a handler gets.
struct route {
  std::string prefix;  // of the path, without a slash at its end; "" for the root
  // As http::parse_host gives it. Empty: any that nothing is mounted for by its name.
  std::string host{};
};

// What stands behind a prefix, in words: "files of" and "/srv/www".
struct route_purpose {
  std::string serves;
  std::string target;
  bool runs_programs = false;
};

class router final : public http::handler {
 public:
  // answered_at_once: told of every request that neither a script nor anything that waits was
  // needed for; outlives the router.
  explicit router(base::recency& answered_at_once) : answered_at_once_(answered_at_once) {}

  // A route that is there already is replaced.
  void mount(route at, std::unique_ptr<http::handler> to, route_purpose what = {});

  // 404 not-mapped; 502 redirect-loop after limits::local_redirects, bad-local-redirect for a
  // target that is none. `OPTIONS *` is answered here.
  std::optional<http::outcome> answer_at_once(http::request const& request,
                                              http::exchange_context& context) override;
  base::task<http::outcome> handle(http::request const& request, http::body_source& request_body,
                                   http::exchange_context& context) override;

 private:
  struct entry {
    std::string prefix;
    std::unique_ptr<http::handler> to;
    route_purpose what;
  };
  struct host_entries {
    std::string host;
    std::vector<entry> entries;  // longest prefix first
  };
  host_entries& entries_of(std::string const& host);
  host_entries const& entries_for(http::request const& request) const;
  entry const* find(http::request const& request) const;
  base::task<http::outcome> dispatch(http::request const& request, http::body_source& request_body,
                                     http::exchange_context& context);

  base::recency& answered_at_once_;
  std::vector<host_entries> hosts_{1};  // the first is for any host
};

// The request that a local redirect stands for: a GET of its target with the fields of the first
// one, without a body. Pure.
http::result<http::request> redirected(http::request const& request, std::string_view target);

}  // namespace gatehouse::app
