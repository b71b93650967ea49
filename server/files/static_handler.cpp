#include "gatehouse/files/static_handler.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <utility>

#include "gatehouse/base/clock.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/files/copy_name.hpp"
#include "gatehouse/files/forms.hpp"
#include "gatehouse/files/listing.hpp"
#include "gatehouse/files/listing_response.hpp"
#include "gatehouse/files/multipart_source.hpp"
#include "gatehouse/files/nearest_file.hpp"
#include "gatehouse/http/accept.hpp"
#include "gatehouse/http/conditions.hpp"
#include "gatehouse/http/local_request.hpp"
#include "gatehouse/http/percent.hpp"
#include "gatehouse/http/range.hpp"

namespace gatehouse::files {
namespace {

constexpr std::string_view allowed_methods = "GET, HEAD, OPTIONS";

http::http_error refusal(unsigned status, std::string_view reason, std::string_view detail) {
  return {.status = status, .reason = reason, .detail = std::string(detail)};
}

// 405 for the methods of RFC 9110, 9 and RFC 5789, whose meaning is known and which files do not
// offer; 501 for any other token (RFC 9110, 15.6.2).
http::http_error refused_method(std::string_view method) {
  for (std::string_view const known : {"POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"}) {
    if (method != known) continue;
    auto e = refusal(405, "method-not-allowed", method);
    e.fields.add("Allow", allowed_methods);
    return e;
  }
  return refusal(501, "method-unknown", method);
}

http::response options_response() {
  http::response r;
  r.status = 204;
  r.fields.add("Allow", allowed_methods);
  return r;
}

std::string query_part(http::target const& target) {
  return target.has_query ? "?" + target.query : "";
}

http::response redirect_to_slash(http::target const& target) {
  http::response r;
  r.status = 301;
  r.fields.add("Location", http::path_reference(target.path) + "/" + query_part(target));
  return r;
}

http::response not_modified(representation const& chosen) {
  http::response r;
  r.status = 304;
  r.fields = common_fields(chosen);
  return r;
}

// The answer that a request's preconditions lead to instead of the file, if they do.
std::optional<http::outcome> stopped_by_condition(http::request const& request,
                                                  representation const& chosen,
                                                  std::string_view path) {
  if (!http::is_conditional(request)) return std::nullopt;
  switch (http::evaluate(request, chosen.validators, base::current_second())) {
    case http::precondition::failed:
      return refusal(412, "precondition-failed", path);
    case http::precondition::not_modified:
      return not_modified(chosen);
    case http::precondition::pass:
      break;
  }
  return std::nullopt;
}

http::response whole(open_form chosen, representation const& description) {
  http::response r;
  r.fields = content_fields(description);
  r.body = http::file_slice{http::share(std::move(chosen.file.file)), 0, description.size};
  return r;
}

http::http_error unsatisfiable(representation const& description, std::string_view range) {
  auto e = refusal(416, "range-not-satisfiable", range);
  e.fields.add("Content-Range", http::unsatisfied_content_range(description.size));
  return e;
}

http::response one_part(open_form chosen, representation const& description,
                        http::byte_range range) {
  http::response r;
  r.status = 206;
  r.fields = content_fields(description);
  r.fields.add("Content-Range", http::content_range(range, description.size));
  r.body = http::file_slice{http::share(std::move(chosen.file.file)), range.first, range.length()};
  return r;
}

http::response several_parts(open_form chosen, representation const& description,
                             std::vector<http::byte_range> const& ranges) {
  http::response r;
  r.status = 206;
  r.fields = content_fields(description);
  auto const boundary = random_boundary();
  r.fields.set("Content-Type", "multipart/byteranges; boundary=" + boundary);
  auto source = std::make_unique<multipart_source>(std::move(chosen.file.file), description.size,
                                                   ranges, description.media_type, boundary);
  auto const length = source->length();
  r.body = http::stream{std::move(source), length};
  return r;
}

http::outcome parts_or_whole(http::request const& request, open_form chosen,
                             representation const& description) {
  auto const value = request.fields.combined("Range");
  auto const set = http::parse_range(value, description.size);
  if (std::holds_alternative<http::unsatisfiable_range>(set))
    return unsatisfiable(description, value);
  if (auto const* ranges = std::get_if<std::vector<http::byte_range>>(&set)) {
    if (ranges->size() == 1) return one_part(std::move(chosen), description, ranges->front());
    return several_parts(std::move(chosen), description, *ranges);
  }
  return whole(std::move(chosen), description);
}

}  // namespace

// A request for a path below the root.
struct static_handler::asking {
  http::request const& request;
  std::string_view path;
  file_cache::time at;
  bool has_range;
};

// A directory of too many names to be read at once.
struct static_handler::long_listing {
  std::string path;
  sorting order;
  open_file directory;
};

static_handler::static_handler(static_options options)
    : options_(std::move(options)),
      root_({options_.root, options_.follow_symlinks, options_.hidden}),
      media_types_(system_media_types()),
      cache_(base::limits::file_cache_bytes),
      listings_(root_) {}

std::optional<http::outcome> static_handler::answer_at_once(http::request const& request,
                                                            http::exchange_context& context) {
  std::optional<long_listing> unread;
  auto outcome = answer(request, unread);
  if (unread) return std::nullopt;
  if (auto* const error = std::get_if<http::http_error>(&outcome))
    offer_nearest(*error, request, context);
  if (request.is_head()) outcome = http::without_body(std::move(outcome));
  return outcome;
}

base::task<http::outcome> static_handler::handle(http::request const& request, http::body_source&,
                                                 http::exchange_context& context) {
  std::optional<long_listing> unread;
  auto outcome = answer(request, unread);
  if (auto* const error = std::get_if<http::http_error>(&outcome))
    offer_nearest(*error, request, context);
  if (unread) {
    auto list = co_await listings_.make(std::move(unread->path), unread->order,
                                        std::move(unread->directory));
    if (list.has_error()) co_return list.error();
    outcome = listing_response(request, std::move(*list));
  }
  if (request.is_head()) outcome = http::without_body(std::move(outcome));
  co_return outcome;
}

// unread: is set instead, if the answer would be the listing of a large directory.
http::outcome static_handler::answer(http::request const& request,
                                     std::optional<long_listing>& unread) {
  if (request.method == "OPTIONS") return options_response();
  if (request.method != "GET" && !request.is_head()) return refused_method(request.method);
  auto const path = http::path_below(request.target.path, options_.prefix);
  if (!path) return refusal(404, "not-below-prefix", request.target.path);
  if (path->empty()) return redirect_to_slash(request.target);
  if (names_dotfile(*path)) return refusal(403, "dotfile", *path);
  auto const changed = with_single_slashes(*path);
  asking const what{request, changed ? std::string_view(*changed) : *path, base::coarse_now(),
                    request.fields.contains("Range")};
  if (!what.has_range) {
    auto const known = cache_.find(what.path, what.at);
    if (known && known->trusted && is_unchanged(*known->file))
      return answer_cached(what, known->file);
  }
  auto opened = root_.open(what.path);
  if (opened.has_error()) return opened.error();
  if (opened->is_directory()) return answer_directory(what, std::move(*opened), unread);
  return answer_file(what, what.path, std::move(*opened));
}

http::outcome static_handler::answer_directory(asking const& what, open_file directory,
                                               std::optional<long_listing>& unread) {
  auto const& target = what.request.target;
  if (!what.path.ends_with('/')) return redirect_to_slash(target);
  for (auto const& name : options_.index) {
    auto const index_path = std::string(what.path) + name;
    auto opened = root_.open(index_path);
    if (opened.has_error()) {
      if (opened.error().status == 404) continue;
      return opened.error();
    }
    if (opened->is_directory()) continue;
    if (is_script(name)) {
      return http::local_redirect{http::path_reference(target.path + name) + query_part(target)};
    }
    return answer_file(what, index_path, std::move(*opened));
  }
  if (!options_.listing) return refusal(403, "listing-off", what.path);
  return answer_listing(what, std::move(directory), unread);
}

http::outcome static_handler::answer_file(asking const& what, std::string_view path,
                                          open_file file) {
  // A script is not given out either if it is reached by a link with a harmless name.
  if (is_script(path) || is_script(file.real_name)) {
    auto e = refusal(403, "script-source", path);
    e.help.explanation =
        "By its name this is a program or a part of one, or a copy of that, and those are not "
        "given out. --cgi-ext says which are run.";
    return e;
  }
  auto [forms, all_known] = open_forms(root_, path, std::move(file));
  std::erase_if(forms, [&](open_form const& form) { return is_script(form.file.real_name); });
  auto const media_type = media_types_.for_name(path.substr(path.rfind('/') + 1));
  bool const cacheable = !what.has_range && all_known;
  if (auto const cached = cacheable ? in_cache(what, forms, media_type) : nullptr)
    return answer_cached(what, cached);

  std::vector<std::string_view> codings;
  codings.reserve(forms.size());
  for (open_form const& form : forms) codings.push_back(form.coding);
  auto& chosen = forms[preferred_form(what.request, codings)];
  auto const description = describe(chosen, forms.size() > 1, media_type);
  if (auto stopped = stopped_by_condition(what.request, description, path))
    return std::move(*stopped);
  if (what.has_range &&
      http::range_applies(what.request, description.validators, base::current_second()))
    return parts_or_whole(what.request, std::move(chosen), description);
  return whole(std::move(chosen), description);
}

// The cached file for one that was just opened: the entry that is there if the file has not
// changed, or a new one. Nothing if the file cannot be cached.
std::shared_ptr<cached_file const> static_handler::in_cache(asking const& what,
                                                            std::vector<open_form>& forms,
                                                            std::string_view media_type) {
  auto const known = cache_.find(what.path, what.at);
  auto file = known && is_same(*known->file, forms) ? known->file : kept_forms(forms, media_type);
  if (file) cache_.keep(what.path, file, what.at);
  return file;
}

http::outcome static_handler::answer_cached(asking const& what,
                                            std::shared_ptr<cached_file const> const& file) const {
  std::array<std::string_view, most_forms> codings;
  auto const count = file->forms.size();
  for (std::size_t i = 0; i < count; ++i) codings[i] = file->forms[i].description.coding;
  auto const& chosen = file->forms[preferred_form(what.request, std::span(codings).first(count))];
  if (auto stopped = stopped_by_condition(what.request, chosen.description, what.path))
    return std::move(*stopped);
  http::outcome answer;  // a response
  auto& r = std::get<http::response>(answer);
  r.field_lines = {file, &chosen.field_lines};
  if (chosen.file) {
    r.body = http::file_slice{http::shared_file(file, &chosen.file), 0, chosen.description.size};
  } else {
    r.body = http::shared_buffer(file, &chosen.content);
  }
  return answer;
}

http::outcome static_handler::answer_listing(asking const& what, open_file directory,
                                             std::optional<long_listing>& unread) {
  auto const order = parse_sorting(what.request.target.query);
  if (auto known = listings_.find(what.path, order, directory.status, what.at))
    return listing_response(what.request, std::move(known));
  listing_reader reader(root_, directory, std::string(what.path));
  // Two more are "." and "..", and one more tells whether the directory is larger.
  auto const read = reader.read_some(base::limits::quick_listing_entries + 3);
  if (read.has_error()) return read.error();
  if (*read == listing_reader::progress::unfinished) {
    unread = long_listing{std::string(what.path), order, std::move(directory)};
    return {};
  }
  auto const list = std::make_shared<listing>(reader.take());
  sort_entries(*list, order);
  return listing_response(what.request, list);
}

// Adds the name that was probably meant to an error that says there is no such file. Only for a
// client of this machine, who owns the files as a rule: others are not to learn names by guessing,
// nor to have a directory read by each guess. It gets them also where an index file stands in for
// the listing, but not where listings are off, because somebody wants the names kept then.
void static_handler::offer_nearest(http::http_error& error, http::request const& request,
                                   http::exchange_context const& context) const {
  if (error.reason != "file-not-found" || !options_.listing) return;
  if (!http::is_from_this_machine(request, context.client().is_local())) return;
  auto const path = http::path_below(request.target.path, options_.prefix).value_or("");
  auto const near = nearest_file(root_, with_single_slashes(path).value_or(std::string(path)),
                                 [&](std::string_view name) { return is_script(name); });
  if (!near) return;
  error.help.file = error.detail;
  error.help.nearest = http::percent_encoded_path(options_.prefix + *near);
  error.help.explanation =
      "There is no file of this name. Did you mean " + error.help.nearest + "?";
}

bool static_handler::is_script(std::string_view path) const {
  auto const name = path.substr(path.rfind('/') + 1);
  return std::any_of(options_.script_extensions.begin(), options_.script_extensions.end(),
                     [&](std::string const& extension) {
                       return holds_script_extension(name, extension, media_types_);
                     });
}

}  // namespace gatehouse::files
