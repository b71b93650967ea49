#include "gatehouse/commands/new.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <cstdlib>
#include <iostream>

#include "gatehouse/app/programs.hpp"
#include "gatehouse/base/embedded_file.hpp"
#include "gatehouse/base/error.hpp"
#include "gatehouse/base/escape.hpp"
#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/config/directories.hpp"
#include "gatehouse/config/option_values.hpp"
#include "gatehouse/http/percent.hpp"

namespace gatehouse {

std::span<base::embedded_file const> starter_files();

namespace commands {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view stem = "starter";

// ".sh, .py, .pl, .c and .php"
std::string known_extensions() {
  auto const files = starter_files();
  std::string out;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (i > 0) out += i + 1 == files.size() ? " and " : ", ";
    out += files[i].name.substr(stem.size());
  }
  return out;
}

config::usage_error refusal(std::string_view name, std::string const& why) {
  return {"gatehouse: " + config::in_quotes(name) + " " + why};
}

config::usage_error cannot(std::string_view what, fs::path const& path,
                           base::error_code const& why) {
  return {"gatehouse: cannot " + std::string(what) + " " + config::in_quotes(path.native()) + ": " +
          why.message()};
}

bool has_control_characters(std::string_view name) {
  return std::any_of(name.begin(), name.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

std::variant<starter, config::usage_error> choose_starter(std::string_view name) {
  if (name.find('/') != std::string_view::npos) {
    return refusal(name,
                   "is not a plain name: the program is made in the directory of programs "
                   "(--cgi-bin)");
  }
  if (name.starts_with('.')) {
    return refusal(name, "begins with a dot, and the server runs nothing that does");
  }
  if (has_control_characters(name)) return refusal(name, "has control characters in it");
  if (name.starts_with("nph-")) {
    return refusal(name, "begins with nph-, and the server would send what it prints as it is");
  }
  auto const dot = std::min(name.rfind('.'), name.size());
  auto const extension = name.substr(dot);
  auto const files = starter_files();
  auto const found = std::find_if(files.begin(), files.end(), [&](base::embedded_file const& f) {
    return f.name.substr(stem.size()) == extension;
  });
  if (found == files.end()) {
    return refusal(name, (extension.empty() ? std::string("has no extension")
                                            : "has the extension " + config::in_quotes(extension)) +
                             "; there are starters for " + known_extensions());
  }
  return starter{std::string(name), std::string(extension == ".c" ? name.substr(0, dot) : name),
                 found->bytes};
}

std::optional<config::usage_error> write_new(fs::path const& file, std::string_view bytes,
                                             bool executable) {
  base::unique_fd const to(::open(file.c_str(),
                                  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                                  executable ? 0755 : 0644));
  if (!to && errno == EEXIST) {
    return config::usage_error{"gatehouse: " + config::in_quotes(file.native()) +
                               " exists already, and is left as it is"};
  }
  if (!to) return cannot("make", file, base::last_error());
  while (!bytes.empty()) {
    auto const written = ::write(to.get(), bytes.data(), bytes.size());
    if (written < 0) {
      auto const why = base::last_error();
      ::unlink(file.c_str());
      return cannot("write", file, why);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return std::nullopt;
}

namespace {

// Prints a line on standard output at once, so that it comes before what cc prints.
void say(std::string const& line) {
  std::cout << base::terminal_escaped(line) << std::endl;
}

// The directory that the server would run programs from. If there is none yet, it is made in the
// served directory.
std::variant<fs::path, config::usage_error> directory_of_programs(config::options& chosen) {
  if (!chosen.site.cgi_bin.empty()) return chosen.site.cgi_bin;
  if (chosen.site.cgi_bin_off) {
    return config::usage_error{"gatehouse: --cgi-bin is off: there is no directory of programs"};
  }
  auto const directory = chosen.site.root / "cgi-bin";
  if (::mkdir(directory.c_str(), 0777) != 0) return cannot("make", directory, base::last_error());
  say("Made " + directory.native() + ", a directory of programs");
  chosen.site.cgi_bin = directory;
  return directory;
}

std::string compile_command(fs::path const& source, fs::path const& program) {
  return "cc -O2 -Wall -o " + base::shell_quoted(program.native()) + " " +
         base::shell_quoted(source.native());
}

// Runs cc and returns its status; nothing if there is no such program.
std::optional<int> compile(fs::path const& source, fs::path const& program) {
  std::string words[] = {"cc", "-O2", "-Wall", "-o", program.native(), source.native()};
  char* arguments[std::size(words) + 1] = {};
  std::transform(std::begin(words), std::end(words), std::begin(arguments),
                 [](std::string& word) { return word.data(); });
  pid_t pid = -1;
  if (::posix_spawnp(&pid, "cc", nullptr, nullptr, arguments, environ) != 0) return std::nullopt;
  int status = -1;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

// Returns whether the program exists now; if not, this prints what is left to do.
bool compile_source(fs::path const& source, fs::path const& program) {
  auto const status = compile(source, program);
  if (status == 0) {
    say("Made " + program.native() + " of it. After a change:");
    say("  " + compile_command(source, program));
    return true;
  }
  std::string const why = status ? "cc " + base::exit_text(*status) : "There is no cc here";
  say(why + ". To make the program:");
  say("  " + compile_command(source, program));
  return status == std::nullopt;
}

// The server's own options as they were given, for a command line that means the same site.
std::string options_again(command_call const& call) {
  std::string out;
  for (auto const& a : call.given) {
    out += " --" + std::string(a.what->name);
    bool const plain_switch = a.what->argument.empty() && a.value == "on";
    if (!plain_switch) out += "=" + base::shell_quoted(a.value);
  }
  return out;
}

// What starts this program where a person types it: its name, if PATH leads to it, else its path.
std::string own_command() {
  std::error_code unknown;
  auto const self = fs::read_symlink("/proc/self/exe", unknown);
  char const* const path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "";
  while (!unknown && !rest.empty()) {
    auto const directory = rest.substr(0, rest.find(':'));
    std::error_code absent;
    if (fs::equivalent(fs::path(directory) / "gatehouse", self, absent)) return "gatehouse";
    rest.remove_prefix(std::min(directory.size() + 1, rest.size()));
  }
  return unknown ? "gatehouse" : base::shell_quoted(self.native());
}

std::string address_of(config::server_options const& chosen, std::string const& path) {
  boost::system::error_code is_name;
  auto const ip = boost::asio::ip::make_address(chosen.bind, is_name);
  std::string host = chosen.bind;
  if (!is_name && ip.is_unspecified()) host = "127.0.0.1";
  if (!is_name && ip.is_v6() && !ip.is_unspecified()) host = "[" + host + "]";
  return "http://" + host + ":" + std::to_string(chosen.port) + path;
}

// Of its URL; empty if another option has taken the prefix.
std::string path_of(config::options const& chosen, fs::path const& directory,
                    std::string const& program) {
  for (auto const& where : app::program_directories(chosen)) {
    if (where.directory == directory) {
      return http::percent_encoded_path(where.prefix + "/" + program);
    }
  }
  return {};
}

bool lacks_interpreter(config::site_options const& chosen, starter const& what) {
  if (!what.file_name.ends_with(".php")) return false;
  return std::none_of(
      chosen.interpreters.begin(), chosen.interpreters.end(),
      [&](config::interpreter const& i) { return what.file_name.ends_with(i.extension); });
}

void say_where(command_call const& call, config::options const& chosen, fs::path const& directory,
               starter const& what) {
  std::string again = options_again(call);
  if (lacks_interpreter(chosen.site, what)) {
    std::string const option = " --interpreter=.php=/usr/bin/php-cgi";
    say("Start the server with" + option + ", or it does not know how to run it.");
    again += option;
  }
  auto const path = path_of(chosen, directory, what.program);
  if (path.empty()) {
    say("With these options, --map has another use for its address.");
    return;
  }
  say("Its address, at the server's port: " + address_of(chosen.server, path) + "?name=Ada");
  bool const is_php = what.file_name.ends_with(".php");
  say("Run by hand, without a server:");
  say((is_php ? "  php-cgi " : "  ") + base::shell_quoted((directory / what.program).native()) +
      " name=Ada");
  say("What it is given, and prints:");
  say("  " + own_command() + " explain --run" + again + " " +
      base::shell_quoted(path + "?name=Ada"));
}

}  // namespace

int new_command(command_call const& call) {
  auto const choice = choose_starter(call.words.front());
  if (auto const* wrong = std::get_if<config::usage_error>(&choice))
    return fail(*wrong, command_used_wrongly);
  auto const& what = std::get<starter>(choice);
  auto resolved = config::resolve_directories(call.chosen);
  if (auto const* wrong = std::get_if<config::usage_error>(&resolved))
    return fail(*wrong, command_used_wrongly);
  auto& chosen = std::get<config::options>(resolved);
  auto const where = directory_of_programs(chosen);
  if (auto const* wrong = std::get_if<config::usage_error>(&where))
    return fail(*wrong, command_found_faults);

  auto const& directory = std::get<fs::path>(where);
  bool const compiled = what.program != what.file_name;
  std::error_code ec;
  if (compiled && fs::exists(fs::symlink_status(directory / what.program, ec))) {
    return fail({"gatehouse: " + config::in_quotes((directory / what.program).native()) +
                 " exists already, and is left as it is"},
                command_found_faults);
  }
  if (auto const wrong = write_new(directory / what.file_name, what.bytes, !compiled))
    return fail(*wrong, command_found_faults);
  say("Made " + (directory / what.file_name).native());
  bool const sound =
      !compiled || compile_source(directory / what.file_name, directory / what.program);
  if (sound) say_where(call, chosen, directory, what);
  return sound ? command_done : command_found_faults;
}

}  // namespace commands
}  // namespace gatehouse
