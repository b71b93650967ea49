#include "gatehouse/app/remote_applications.hpp"

#include <unistd.h>

#include <stdexcept>
#include <utility>

#include "gatehouse/base/error.hpp"
#include "gatehouse/remote/gateway.hpp"
#include "gatehouse/remote/listening_program.hpp"
#include "gatehouse/upstream/address.hpp"

namespace gatehouse::app {
namespace {

remote::protocol protocol_of(config::mapping const& what) {
  if (what.kind == "scgi") return remote::protocol::scgi;
  return what.kind == "uwsgi" ? remote::protocol::uwsgi : remote::protocol::fastcgi;
}

remote::program_plan plan_of(config::mapping const& what, kept_parts const& parts) {
  remote::program_plan out;
  out.path = what.target.string();
  out.directory = directory_of(what);
  if (::access(out.directory.c_str(), X_OK) != 0) {
    throw std::runtime_error("--map " + what.kind + ":" + out.path + ": dir=" + out.directory +
                             " cannot be entered: " + base::last_error().message());
  }
  out.environment = environment_of(parts.scripts);
  out.descriptor_limit = parts.scripts.descriptor_limit;
  out.held_by = parts.scripts.held_by;
  out.grace = parts.server.grace;
  return out;
}

}  // namespace

bool is_program(std::string_view target) {
  return target.find('/') != std::string_view::npos && !target.starts_with("unix:");
}

config::complaint check_addresses(std::string_view text) {
  auto const at = upstream::parse_addresses(text);
  return at.has_error() ? config::complaint(at.error().text) : std::nullopt;
}

config::complaint check_addresses_or_program(std::string_view text) {
  if (is_program(text)) return std::nullopt;
  auto wrong = check_addresses(text);
  bool const may_be_name = wrong && text.find_first_of(":,") == std::string_view::npos;
  if (may_be_name) *wrong += ", nor a program: the path of one has a slash, such as ./app";
  return wrong;
}

std::shared_ptr<gateway::application> make_remote(config::mapping const& what,
                                                  remote::rules const& by) {
  auto const how = protocol_of(what);
  auto const target = what.target.string();
  if (what.form == config::map_target::program)
    return std::make_shared<remote::remote_application>(how, target, by);
  return std::make_shared<remote::remote_application>(how, *upstream::parse_addresses(target), by);
}

std::unique_ptr<http::handler> make_mapped(config::mapping const& what, site_parts const& parts) {
  return std::make_unique<remote::mapped_application>(what.prefix, make_remote(what, parts.remote));
}

std::shared_ptr<process::pool> keep_programs(config::mapping const& what, kept_parts const& parts,
                                             gateway::application& application) {
  if (what.form != config::map_target::program) return nullptr;
  auto const executor = parts.keeper.get_executor();
  auto out = std::make_shared<process::pool>(
      parts.keeper, pool_rules_of(what, what.kind + ":" + what.target.string(), parts.server),
      remote::make_program_starter(executor, *parts.scripts.launcher, plan_of(what, parts)));
  static_cast<remote::remote_application&>(application).serve_with(out);
  return out;
}

std::shared_ptr<process::pool> keep_mapped(config::mapping const& what, kept_parts const& parts,
                                           http::handler& handler) {
  return keep_programs(what, parts,
                       static_cast<remote::mapped_application&>(handler).application());
}

}  // namespace gatehouse::app
