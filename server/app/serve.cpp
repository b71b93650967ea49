#include "gatehouse/app/serve.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "gatehouse/app/programs.hpp"
#include "gatehouse/base/escape.hpp"
#include "gatehouse/http/percent.hpp"

namespace gatehouse::app {
namespace {

namespace fs = std::filesystem;

constexpr int start_status = 1;
constexpr std::size_t guide_column = 10;

void append_line(std::string& out, std::string what, std::string_view url,
                 std::string_view remark) {
  what.resize(guide_column, ' ');
  out.append(what).append(url).append(remark.empty() ? "" : " ").append(remark).append("\n");
}

// How many of the programs lie below a prefix, as text in brackets.
std::string number_below(std::string const& prefix, std::vector<program> const& programs) {
  auto const number = std::count_if(programs.begin(), programs.end(), [&](program const& p) {
    return p.path.starts_with(prefix + "/");
  });
  if (number == 0) return "(none yet: gatehouse new hello.py makes one)";
  return "(" + std::to_string(number) + ")";
}

bool has_tour(fs::path const& root) {
  std::error_code ec;
  return fs::is_regular_file(root / "tour/index.html", ec);
}

}  // namespace

std::string guide_text(std::string_view url, config::options const& chosen) {
  std::string const base(url.substr(0, url.rfind('/')));
  std::string out;
  auto const programs = offered_programs(chosen);
  for (auto const& d : program_directories(chosen)) {
    // Without listings there is nothing at the address of the directory itself.
    auto const name = chosen.site.listing ? "/" : "/NAME";
    append_line(out, "Programs", base + http::percent_encoded_path(d.prefix) + name,
                number_below(d.prefix, programs));
  }
  if (has_tour(chosen.site.root)) append_line(out, "Tour", base + "/tour/", "");
  if (!chosen.server.inspect_token.empty()) {
    append_line(out, "Inspector", base + "/-/", "(with ?token= and the token)");
  } else if (chosen.server.inspect) {
    append_line(out, "Inspector", base + "/-/", "");
  }
  return out;
}

int serve(config::options chosen, server::option_source again,
          std::function<void(std::string const& url)> const& when_ready) {
  auto const served = chosen;
  auto made = server::create(std::move(chosen), std::move(again));
  if (auto const* const error = std::get_if<config::usage_error>(&made)) {
    std::cerr << error->line << std::endl;
    return start_status;
  }
  auto const& running = std::get<std::unique_ptr<server>>(made);
  auto const urls = running->urls();
  std::cout << "Serving " << base::log_escaped(served.site.root.string()) << " on " << urls
            << " (Press CTRL+C to quit)" << std::endl;
  auto const url = urls.substr(0, urls.find(' '));
  if (::isatty(STDERR_FILENO) == 1) std::cerr << guide_text(url, served) << std::flush;
  if (when_ready) when_ready(url);
  return running->run();
}

}  // namespace gatehouse::app
