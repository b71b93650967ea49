#include "gatehouse/app/program_list.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "gatehouse/app/program_search.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/cgi/script_lookup.hpp"
#include "gatehouse/cgi/script_review.hpp"
#include "gatehouse/files/listing_response.hpp"
#include "gatehouse/http/local_request.hpp"

namespace gatehouse::app {
namespace {

// Whether a list may stand in the place of this answer.
bool may_be_listed(http::request const& request, http::outcome const& answer,
                   http::exchange_context const& context) {
  auto const* const error = std::get_if<http::http_error>(&answer);
  return error != nullptr && error->status == 404 && request.target.path.ends_with('/') &&
         (request.method == "GET" || request.is_head()) &&
         http::is_from_this_machine(request, context.client().is_local());
}

// A program in the directory, or the one of its directories in which a program lies. below: the
// path of the program from there.
files::listing_entry entry_for(std::filesystem::path const& directory, std::string_view below) {
  auto const slash = below.find('/');
  files::listing_entry out{.name = std::string(below.substr(0, slash)), .modified = {}};
  out.is_directory = slash != std::string_view::npos;
  struct stat status {};
  if (::stat((directory / out.name).c_str(), &status) != 0) return out;
  out.modified = std::chrono::sys_seconds(std::chrono::seconds(status.st_mtime));
  if (!out.is_directory) out.size_bytes = static_cast<std::uint64_t>(status.st_size);
  return out;
}

void add(files::listing& to, files::listing_entry entry) {
  bool const known = std::any_of(to.entries.begin(), to.entries.end(),
                                 [&](auto const& other) { return other.name == entry.name; });
  if (known) return;
  to.directories += entry.is_directory ? 1U : 0U;
  to.size_bytes += entry.size_bytes;
  to.entries.push_back(std::move(entry));
}

}  // namespace

program_list::program_list(std::unique_ptr<http::handler> programs, std::string prefix,
                           std::filesystem::path directory, std::vector<std::string> interpreted)
    : programs_(std::move(programs)),
      prefix_(std::move(prefix)),
      directory_(std::move(directory)),
      interpreted_(std::move(interpreted)) {}

base::task<http::outcome> program_list::handle(http::request const& request,
                                               http::body_source& request_body,
                                               http::exchange_context& context) {
  auto answer = co_await programs_->handle(request, request_body, context);
  if (!may_be_listed(request, answer, context)) co_return answer;
  auto list = std::make_shared<files::listing>(entries_below(request.target.path));
  if (list->entries.empty()) co_return answer;
  files::sort_entries(*list, files::parse_sorting(request.target.query));
  http::outcome page = files::listing_response(request, std::move(list));
  co_return request.is_head() ? http::without_body(std::move(page)) : std::move(page);
}

files::listing program_list::entries_below(std::string const& path) const {
  files::listing out;
  auto const here = directory_ / path.substr(prefix_.size() + 1);
  for (auto const& one : programs_in_directory(directory_, prefix_, base::limits::offered_files)) {
    if (!one.path.starts_with(path)) continue;
    bool const interpreted = cgi::has_extension(one.file.filename().native(), interpreted_);
    if (cgi::is_no_program(one.file, interpreted)) continue;
    add(out, entry_for(here, std::string_view(one.path).substr(path.size())));
  }
  return out;
}

}  // namespace gatehouse::app
