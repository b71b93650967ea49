#include "gatehouse/commands/tour.hpp"

#include <filesystem>
#include <iostream>

#include "gatehouse/app/listening.hpp"
#include "gatehouse/app/map_kinds.hpp"
#include "gatehouse/app/serve.hpp"
#include "gatehouse/base/escape.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/commands/browser.hpp"
#include "gatehouse/commands/examples.hpp"
#include "gatehouse/config/directories.hpp"

namespace gatehouse::commands {
namespace {

namespace fs = std::filesystem;
using outcome = std::variant<config::options, config::usage_error>;

constexpr std::string_view usual_directory = "gatehouse-tour";

void tell(std::string const& line) {
  std::cerr << base::terminal_escaped(line) << std::endl;
}

// The copy is what is served: an option that wants something else in its place is a mistake.
std::optional<config::usage_error> refuse_other_places(command_call const& call) {
  for (char const* const name : {"root", "cgi-bin"}) {
    if (call.has(name)) {
      return config::error_line("--" + std::string(name),
                                "the tour serves its own copy; name its place as DIRECTORY");
    }
  }
  return std::nullopt;
}

// The copy in the place of what the options name, the inspector on unless it is refused.
outcome options_for(config::options chosen, fs::path const& copy, bool inspector_was_chosen) {
  chosen.site.root = copy / "www";
  chosen.site.cgi_bin = copy / "cgi-bin";
  chosen.site.cgi_bin_off = false;
  if (!inspector_was_chosen) chosen.server.inspect = true;
  return config::resolve_directories(std::move(chosen));
}

// Makes the copy unless it is there.
std::optional<config::usage_error> provide_copy(fs::path const& copy) {
  std::error_code ec;
  auto const program = fs::read_symlink("/proc/self/exe", ec);
  auto const examples = find_examples(program);
  if (!examples && !holds_examples(copy)) {
    return config::usage_error{
        "gatehouse: the examples are not installed beside this program; `cmake --install` puts "
        "them below share/gatehouse"};
  }
  auto const done = copy_examples(examples.value_or(copy), copy);
  if (auto const* const wrong = std::get_if<config::usage_error>(&done)) return *wrong;
  bool const made = std::get<copy_outcome>(done) == copy_outcome::made;
  tell(made ? "Copied the examples to " + copy.native() + ": change in it what you like"
            : "Using the copy of the examples in " + copy.native() + " as it is");
  return std::nullopt;
}

// Whoever has not asked for a port gets one that is free.
void choose_port(config::server_options& chosen, bool port_was_chosen) {
  if (port_was_chosen) return;
  auto const free = app::free_port(chosen);
  if (free == chosen.port) return;
  tell("Port " + std::to_string(chosen.port) + " is taken, so this is port " +
       std::to_string(free));
  chosen.port = free;
}

void open_tour(std::string const& url) {
  if (!has_desktop()) return;
  auto const page = url + "tour/";
  if (!open_browser(page)) tell("There is no xdg-open here; open " + page + " in a browser");
}

}  // namespace

int tour_command(command_call const& call) {
  if (auto const wrong = refuse_other_places(call)) return fail(*wrong, command_used_wrongly);
  base::log::set_level(call.chosen.server.log_level);
  std::error_code ec;
  fs::path const named = call.words.empty() ? std::string(usual_directory) : call.words.front();
  auto copy = fs::absolute(named, ec).lexically_normal();
  if (!copy.has_filename()) copy = copy.parent_path();
  if (auto const wrong = provide_copy(copy)) return fail(*wrong, command_found_faults);
  bool const inspector_was_chosen = call.has("inspect");
  auto first = options_for(call.chosen, copy, inspector_was_chosen);
  if (auto const* const wrong = std::get_if<config::usage_error>(&first))
    return fail(*wrong, command_used_wrongly);
  auto& chosen = std::get<config::options>(first);
  bool const port_was_chosen =
      call.has("port") || chosen.server.port != config::server_options{}.port;
  choose_port(chosen.server, port_was_chosen);
  auto const again = [&call, copy, inspector_was_chosen, port_was_chosen,
                      port = chosen.server.port]() -> outcome {
    auto read = config::options_of(call.given, app::registered_syntaxes());
    if (auto const* const wrong = std::get_if<config::usage_error>(&read)) return *wrong;
    auto& next = std::get<config::options>(read);
    if (!port_was_chosen) next.server.port = port;
    return options_for(std::move(next), copy, inspector_was_chosen);
  };
  bool const opens = !call.has("no-open");
  return app::serve(std::move(chosen), again, [opens](std::string const& url) {
    if (opens) open_tour(url);
  });
}

}  // namespace gatehouse::commands
