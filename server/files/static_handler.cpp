#include "gatehouse/files/static_handler.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <utility>

#include "gatehouse/files/listing.hpp"
#include "gatehouse/files/listing_page.hpp"
#include "gatehouse/files/multipart_source.hpp"
#include "gatehouse/http/accept.hpp"
#include "gatehouse/http/conditions.hpp"
#include "gatehouse/http/date.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/http/percent.hpp"
#include "gatehouse/http/range.hpp"

namespace gatehouse::files {

struct representation {
  open_file file;
  std::string_view media_type;
  std::string_view coding;  // empty: the bare file
  bool varies = false;      // there are other codings of it
  http::validators validators;

  std::uint64_t size() const { return static_cast<std::uint64_t>(file.status.st_size); }
};

namespace {

constexpr std::string_view allowed_methods = "GET, HEAD, OPTIONS";

struct sibling_form {
  std::string_view coding;
  std::string_view ending;
};
// The smaller one first.
constexpr std::array<sibling_form, 2> sibling_forms = {{{"br", ".br"}, {"gzip", ".gz"}}};

http::http_error refusal(unsigned status, std::string_view reason, std::string_view detail) {
  return {.status = status, .reason = reason, .detail = std::string(detail)};
}

// The methods of RFC 9110, 9 and RFC 5789 have a meaning that files do not offer: 405. Of any other
// token nothing is known: 501 (RFC 9110, 15.6.2).
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

// As a reference that stays on this host: "//x/" would name another one.
std::string encoded_path(std::string_view path) {
  std::string out;
  for (char const c : path) {
    if (c != '/' || !out.ends_with('/')) out += c;
  }
  return http::percent_encoded_path(out);
}

std::string query_part(http::target const& target) {
  return target.has_query ? "?" + target.query : "";
}

http::response redirect_to_slash(http::target const& target) {
  http::response r;
  r.status = 301;
  r.fields.add("Location", encoded_path(target.path) + "/" + query_part(target));
  return r;
}

std::uint64_t nanoseconds(timespec const& t) {
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(t.tv_nsec);
}

std::chrono::sys_seconds current_time() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

// Size, time and inode tell every change and replacement of a file; the coding tells its forms
// apart. A time that lies ahead is not sent as such (RFC 9110, 8.8.2.1).
http::validators validators_of(struct stat const& status, std::string_view coding) {
  char etag[80];
  std::snprintf(etag, sizeof etag, "\"%llx-%llx-%llx",
                static_cast<unsigned long long>(status.st_size),
                static_cast<unsigned long long>(nanoseconds(status.st_mtim)),
                static_cast<unsigned long long>(status.st_ino));
  std::chrono::sys_seconds const modified{std::chrono::seconds(status.st_mtim.tv_sec)};
  return {.etag = etag + std::string(coding.empty() ? "" : "-") + std::string(coding) + "\"",
          .last_modified = std::min(modified, current_time())};
}

// The compressed form of a file, if there is one that was made since the file was changed.
std::optional<open_file> open_sibling(document_root const& root, std::string_view path,
                                      std::string_view ending, struct stat const& original) {
  auto sibling = root.open(std::string(path).append(ending));
  if (sibling.has_error() || sibling->is_directory()) return std::nullopt;
  if (nanoseconds(sibling->status.st_mtim) < nanoseconds(original.st_mtim)) return std::nullopt;
  return std::move(*sibling);
}

// The fields that 200, 206 and 304 share (RFC 9110, 15.4.5).
http::fields common_fields(representation const& chosen) {
  http::fields fields;
  fields.add("ETag", chosen.validators.etag);
  fields.add("Last-Modified", http::format_date(chosen.validators.last_modified));
  if (chosen.varies) fields.add("Vary", "Accept-Encoding");
  return fields;
}

http::fields content_fields(representation const& chosen) {
  auto fields = common_fields(chosen);
  fields.add("Content-Type", chosen.media_type);
  if (!chosen.coding.empty()) fields.add("Content-Encoding", chosen.coding);
  fields.add("Accept-Ranges", "bytes");
  fields.add("X-Content-Type-Options", "nosniff");
  return fields;
}

http::response not_modified(representation const& chosen) {
  http::response r;
  r.status = 304;
  r.fields = common_fields(chosen);
  return r;
}

http::response whole(representation chosen) {
  http::response r;
  r.fields = content_fields(chosen);
  auto const size = chosen.size();
  r.body = http::file_slice{std::move(chosen.file.file), 0, size};
  return r;
}

http::http_error unsatisfiable(representation const& chosen, std::string_view range) {
  auto e = refusal(416, "range-not-satisfiable", range);
  e.fields.add("Content-Range", http::unsatisfied_content_range(chosen.size()));
  return e;
}

http::response one_part(representation chosen, http::byte_range range) {
  http::response r;
  r.status = 206;
  r.fields = content_fields(chosen);
  r.fields.add("Content-Range", http::content_range(range, chosen.size()));
  r.body = http::file_slice{std::move(chosen.file.file), range.first, range.length()};
  return r;
}

http::response several_parts(representation chosen, std::vector<http::byte_range> const& ranges) {
  http::response r;
  r.status = 206;
  r.fields = content_fields(chosen);
  auto const boundary = random_boundary();
  r.fields.set("Content-Type", "multipart/byteranges; boundary=" + boundary);
  auto const size = chosen.size();
  auto source = std::make_unique<multipart_source>(std::move(chosen.file.file), size, ranges,
                                                   chosen.media_type, boundary);
  auto const length = source->length();
  r.body = http::stream{std::move(source), length};
  return r;
}

http::outcome parts_or_whole(http::request const& request, representation chosen) {
  auto const value = request.fields.combined("Range");
  auto const set = http::parse_range(value, chosen.size());
  if (std::holds_alternative<http::unsatisfiable_range>(set)) return unsatisfiable(chosen, value);
  if (auto const* ranges = std::get_if<std::vector<http::byte_range>>(&set)) {
    if (ranges->size() == 1) return one_part(std::move(chosen), ranges->front());
    return several_parts(std::move(chosen), *ranges);
  }
  return whole(std::move(chosen));
}

// HEAD: the same head (RFC 9110, 9.3.2).
http::outcome without_body(http::outcome from) {
  if (auto* r = std::get_if<http::response>(&from)) {
    if (r->status == 200) r->unsent_length = http::body_length(r->body);
    r->body = std::monostate();
  }
  return from;
}

}  // namespace

static_handler::static_handler(static_options options)
    : options_(std::move(options)),
      root_({options_.root, options_.follow_symlinks, options_.hidden}),
      media_types_(system_media_types()) {}

base::task<http::outcome> static_handler::handle(http::request const& request, http::body_source&,
                                                 http::exchange_context&) {
  auto outcome = answer(request);
  if (request.is_head()) outcome = without_body(std::move(outcome));
  co_return outcome;
}

http::outcome static_handler::answer(http::request const& request) const {
  if (request.method == "OPTIONS") return options_response();
  if (request.method != "GET" && !request.is_head()) return refused_method(request.method);
  auto const path = http::path_below(request.target.path, options_.prefix);
  if (!path) return refusal(404, "not-below-prefix", request.target.path);
  if (path->empty()) return redirect_to_slash(request.target);
  if (names_dotfile(*path)) return refusal(403, "dotfile", *path);
  auto opened = root_.open(*path);
  if (opened.has_error()) return opened.error();
  if (opened->is_directory()) return answer_directory(request, *path, std::move(*opened));
  return answer_file(request, *path, std::move(*opened));
}

http::outcome static_handler::answer_directory(http::request const& request, std::string_view path,
                                               open_file directory) const {
  if (!path.ends_with('/')) return redirect_to_slash(request.target);
  for (auto const& name : options_.index) {
    auto const index_path = std::string(path) + name;
    auto opened = root_.open(index_path);
    if (opened.has_error()) {
      if (opened.error().status == 404) continue;
      return opened.error();
    }
    if (opened->is_directory()) continue;
    if (is_script(name)) {
      return http::local_redirect{encoded_path(request.target.path + name) +
                                  query_part(request.target)};
    }
    return answer_file(request, index_path, std::move(*opened));
  }
  if (!options_.listing) return refusal(403, "listing-off", path);
  return answer_listing(request, path, std::move(directory));
}

http::outcome static_handler::answer_file(http::request const& request, std::string_view path,
                                          open_file file) const {
  // Reached by a link with a harmless name, a script is one still.
  if (is_script(path) || is_script(file.real_name)) return refusal(403, "script-source", path);
  auto chosen = choose(request, path, std::move(file));
  auto const now = current_time();
  switch (http::evaluate(request, chosen.validators, now)) {
    case http::precondition::failed:
      return refusal(412, "precondition-failed", path);
    case http::precondition::not_modified:
      return not_modified(chosen);
    case http::precondition::pass:
      break;
  }
  bool const has_range = request.fields.contains("Range");
  if (has_range && http::range_applies(request, chosen.validators, now)) {
    return parts_or_whole(request, std::move(chosen));
  }
  return whole(std::move(chosen));
}

http::outcome static_handler::answer_listing(http::request const& request, std::string_view path,
                                             open_file directory) const {
  auto list = read_listing(root_, std::move(directory), path);
  if (list.has_error()) return list.error();
  auto const order = parse_sorting(request.target.query);
  sort_entries(*list, order);
  http::response r;
  r.fields.add("Vary", "Accept");
  r.fields.add("Cache-Control", "no-cache");
  r.fields.add("X-Content-Type-Options", "nosniff");
  if (http::prefers_json(request.fields)) {
    r.fields.add("Content-Type", "application/json; charset=utf-8");
    r.body = http::make_buffer(render_json(*list, request.target.path));
  } else {
    r.fields.add("Content-Type", "text/html; charset=utf-8");
    r.fields.add("Content-Security-Policy", listing_page_policy);
    r.body = http::make_buffer(render_html(*list, order, request.target.path));
  }
  return r;
}

representation static_handler::choose(http::request const& request, std::string_view path,
                                      open_file file) const {
  std::array<std::optional<open_file>, sibling_forms.size()> siblings;
  std::vector<std::string_view> codings;
  for (std::size_t i = 0; i < sibling_forms.size(); ++i) {
    siblings[i] = open_sibling(root_, path, sibling_forms[i].ending, file.status);
    if (siblings[i]) codings.push_back(sibling_forms[i].coding);
  }
  auto const coding = http::preferred_coding(request.fields, codings).value_or("");
  for (std::size_t i = 0; i < sibling_forms.size(); ++i) {
    if (coding == sibling_forms[i].coding) file = std::move(*siblings[i]);
  }
  auto validators = validators_of(file.status, coding);
  return {.file = std::move(file),
          .media_type = media_types_.for_name(path.substr(path.rfind('/') + 1)),
          .coding = coding,
          .varies = !codings.empty(),
          .validators = std::move(validators)};
}

bool static_handler::is_script(std::string_view name) const {
  return std::any_of(options_.script_extensions.begin(), options_.script_extensions.end(),
                     [&](std::string const& extension) {
                       return name.size() >= extension.size() &&
                              http::iequals(name.substr(name.size() - extension.size()), extension);
                     });
}

}  // namespace gatehouse::files
