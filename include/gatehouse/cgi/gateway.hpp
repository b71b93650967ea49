#pragma once
// The CGI gateway (RFC 3875): a handler whose transport is the pipes of a child process, whose
// encoding is the environment and standard input, and whose decoding is the script-response parser.
// A request goes through four steps: the script is found (script_lookup.hpp), its run is planned
// (run_plan.hpp), it is started when there is a place for it (script_run.hpp), and what it prints
// is read as the answer (gateway/answer.hpp).

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "gatehouse/cgi/gateway_rules.hpp"
#include "gatehouse/http/handler.hpp"

namespace gatehouse::cgi {

// Runs a script that has been found. Errors: 400 (a line break in PATH_INFO), 403 (not executable),
// 413 and 400 (request body), 431 (more fields than a program can start with), 500 (cannot be
// started), 502 (what it printed), 503 (no place, or out of descriptors or processes), 504 (too
// slow), 499 (the client has left).
base::task<http::outcome> run_script(gateway_rules const& rules, gateway::script_target target,
                                     http::request const& request, http::body_source& request_body,
                                     http::exchange_context& context);

// Serves the programs of a directory, or one program, at a URL prefix.
class prefix_gateway final : public http::handler {
 public:
  // where: a directory of programs, or one program.
  prefix_gateway(gateway_rules const& rules, std::string prefix, std::filesystem::path where);

  base::task<http::outcome> handle(http::request const& request, http::body_source& request_body,
                                   http::exchange_context& context) override;

 private:
  // The program that the path names, or the answer where it names none.
  using finding = std::variant<gateway::script_target, http::outcome>;
  finding find(http::request const& request, http::exchange_context const& context) const;
  http::http_error not_found(http::http_error error, std::string_view rest,
                             http::exchange_context const& context) const;

  gateway_rules const& rules_;
  std::string prefix_;
  std::filesystem::path where_;
  bool single_;
};

// Serves the programs among the files of a document root, and leaves all other paths to the handler
// of files.
class extension_gateway final : public http::handler {
 public:
  extension_gateway(gateway_rules const& rules, script_rules among,
                    std::unique_ptr<http::handler> files);

  std::optional<http::outcome> answer_at_once(http::request const& request,
                                              http::exchange_context& context) override;
  base::task<http::outcome> handle(http::request const& request, http::body_source& request_body,
                                   http::exchange_context& context) override;

 private:
  gateway_rules const& rules_;
  script_rules among_;
  std::unique_ptr<http::handler> files_;
};

}  // namespace gatehouse::cgi
