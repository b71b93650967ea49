#include "gatehouse/app/program_settings.hpp"

#include <utility>

#include "gatehouse/config/option_setters.hpp"

namespace gatehouse::app {

using config::complaint;

complaint check_count(std::string_view value, std::uint64_t least, std::uint64_t most) {
  std::uint64_t ignored = 0;
  return config::read_count(ignored, value, least, most);
}

complaint check_workers(std::string_view value) {
  return check_count(value, 1, 1024);
}

complaint check_requests(std::string_view value) {
  return check_count(value, 0, UINT32_MAX);
}

complaint check_idle(std::string_view value) {
  std::chrono::milliseconds ignored{};
  return config::read_time(ignored, value);
}

complaint check_not_empty(std::string_view value) {
  return value.empty() ? complaint("the path is empty") : std::nullopt;
}

std::optional<std::string> setting_of(config::mapping const& what, std::string_view key) {
  for (auto const& s : what.settings) {
    if (s.key == key) return s.value;
  }
  return std::nullopt;
}

std::uint64_t count_of(config::mapping const& what, std::string_view key, std::uint64_t otherwise) {
  auto const text = setting_of(what, key);
  std::uint64_t out = otherwise;
  if (text) config::read_count(out, *text, 0, UINT32_MAX);
  return out;
}

std::string directory_of(config::mapping const& what, std::filesystem::path const& otherwise) {
  auto const given = setting_of(what, "dir");
  auto const path = given ? std::filesystem::current_path() / *given : otherwise;
  return path.lexically_normal().string();
}

process::pool_rules pool_rules_of(config::mapping const& what, std::string name,
                                  config::server_options const& server) {
  process::pool_rules out;
  out.name = std::move(name);
  out.programs = count_of(what, "workers", server.workers);
  out.requests = count_of(what, "requests", 0);
  out.queue = server.queue;
  std::chrono::milliseconds idle{};
  if (auto const text = setting_of(what, "idle")) config::read_time(idle, *text);
  out.idle = idle;
  return out;
}

std::vector<std::string> environment_of(cgi::gateway_rules const& scripts) {
  std::vector<std::string> out;
  for (auto const& v : scripts.variables.environment) out.push_back(v.name + "=" + v.value);
  return out;
}

}  // namespace gatehouse::app
