#include "gatehouse/http/conditions.hpp"

#include <string_view>

#include "gatehouse/http/date.hpp"
#include "gatehouse/http/grammar.hpp"

namespace gatehouse::http {
namespace {

enum class comparison { strong, weak };

// entity-tag = [ weak ] opaque-tag; weak = %s"W/"; opaque-tag = DQUOTE *etagc DQUOTE
// (RFC 9110, 8.8.3). Unlike a quoted-string it knows no backslash escapes.
struct entity_tag {
  bool weak = false;
  std::string_view opaque;  // with its quotes
};

bool is_etag_char(char c) {
  auto const b = static_cast<unsigned char>(c);
  return b == 0x21U || (b >= 0x23U && b != 0x7FU);
}

// Takes one entity tag off the front of text; nothing if there is none.
std::optional<entity_tag> take_entity_tag(std::string_view& text) {
  entity_tag tag;
  auto rest = text;
  if (rest.starts_with("W/")) {
    tag.weak = true;
    rest.remove_prefix(2);
  }
  if (!rest.starts_with('"')) return std::nullopt;
  std::size_t end = 1;
  while (end < rest.size() && is_etag_char(rest[end])) ++end;
  if (end == rest.size() || rest[end] != '"') return std::nullopt;
  tag.opaque = rest.substr(0, end + 1);
  text = rest.substr(end + 1);
  return tag;
}

bool matches(entity_tag const& tag, std::string_view current, comparison how) {
  return tag.opaque == current && (how == comparison::weak || !tag.weak);
}

// "*" / #entity-tag. Reads until the list is malformed.
bool any_matches(std::string_view list, std::string_view current, comparison how) {
  list = trim_ows(list);
  if (list == "*") return true;
  while (true) {
    auto const start = list.find_first_not_of(" \t,");
    if (start == std::string_view::npos) return false;
    list.remove_prefix(start);
    auto const tag = take_entity_tag(list);
    if (!tag) return false;
    list = trim_ows(list);
    if (!list.empty() && !list.starts_with(',')) return false;
    if (matches(*tag, current, how)) return true;
  }
}

bool is_get_or_head(request const& r) {
  return r.method == "GET" || r.method == "HEAD";
}

std::optional<std::chrono::sys_seconds> date_field(request const& r, std::string_view name,
                                                   std::chrono::sys_seconds now) {
  if (!r.fields.contains(name)) return std::nullopt;
  return parse_date(trim_ows(r.fields.combined(name)), now);
}

// If-Match, else If-Unmodified-Since: is the representation the one that the client means?
bool is_expected_one(request const& r, validators const& current, std::chrono::sys_seconds now) {
  if (r.fields.contains("If-Match")) {
    return any_matches(r.fields.combined("If-Match"), current.etag, comparison::strong);
  }
  auto const date = date_field(r, "If-Unmodified-Since", now);
  return !date || current.last_modified <= *date;
}

// If-None-Match, else If-Modified-Since: does the client have the representation already?
bool is_known_one(request const& r, validators const& current, std::chrono::sys_seconds now) {
  if (r.fields.contains("If-None-Match")) {
    return any_matches(r.fields.combined("If-None-Match"), current.etag, comparison::weak);
  }
  if (!is_get_or_head(r)) return false;
  auto const date = date_field(r, "If-Modified-Since", now);
  return date && current.last_modified <= *date;
}

}  // namespace

bool is_conditional(request const& request) {
  for (field const f : request.fields) {
    if (f.name.size() > 3 && iequals(f.name.substr(0, 3), "If-")) return true;
  }
  return false;
}

precondition evaluate(request const& request, validators const& current,
                      std::chrono::sys_seconds now) {
  if (!is_expected_one(request, current, now)) return precondition::failed;
  if (!is_known_one(request, current, now)) return precondition::pass;
  return is_get_or_head(request) ? precondition::not_modified : precondition::failed;
}

bool range_applies(request const& request, validators const& current,
                   std::chrono::sys_seconds now) {
  if (request.method != "GET") return false;
  if (!request.fields.contains("If-Range")) return true;
  std::string const value = request.fields.combined("If-Range");
  std::string_view rest = trim_ows(value);
  if (auto const tag = take_entity_tag(rest)) {
    return rest.empty() && matches(*tag, current.etag, comparison::strong);
  }
  auto const date = parse_date(rest, now);
  return date && *date == current.last_modified && current.last_modified < now;
}

}  // namespace gatehouse::http
