#include "gatehouse/http/head_parts.hpp"

#include <algorithm>
#include <optional>

#include "gatehouse/http/grammar.hpp"
#include "gatehouse/http/percent.hpp"
#include "gatehouse/http/target.hpp"

namespace gatehouse::http {
namespace {

// The lines of a head, without their ends; empty ones are left out.
std::vector<byte_span> lines_of(std::string_view head) {
  std::vector<byte_span> out;
  for (std::size_t start = 0; start < head.size();) {
    auto const lf = std::min(head.find('\n', start), head.size());
    auto end = lf;
    if (end > start && head[end - 1] == '\r') --end;
    if (end > start) out.push_back({start, end});
    start = lf + 1;
  }
  return out;
}

std::string_view cut(std::string_view head, byte_span span) {
  return head.substr(span.start, span.end - span.start);
}

struct request_line {
  byte_span method;
  byte_span target;
  byte_span version;
};

std::optional<request_line> split_request_line(std::string_view head, byte_span line) {
  auto const first = head.find(' ', line.start);
  auto const last = head.rfind(' ', line.end);
  if (first >= line.end || last == std::string_view::npos || last <= first) return std::nullopt;
  return request_line{{line.start, first}, {first + 1, last}, {last + 1, line.end}};
}

struct target_parts {
  byte_span authority;
  byte_span path;
  std::optional<byte_span> query;
};

target_parts split_target(std::string_view head, byte_span target) {
  target_parts parts{{target.start, target.start}, target, std::nullopt};
  auto const text = cut(head, target);
  if (auto const scheme = text.find("://"); scheme != std::string_view::npos && text[0] != '/') {
    auto const authority = target.start + scheme + 3;
    parts.path.start = std::min(head.find_first_of("/?", authority), target.end);
    parts.authority = {authority, parts.path.start};
  }
  if (auto const mark = head.find('?', parts.path.start); mark < target.end) {
    parts.path.end = mark;
    parts.query = byte_span{mark + 1, target.end};
  }
  return parts;
}

// Where the first so many segments of a path end; its end if they cannot be counted.
std::size_t end_of_segments(std::string_view head, byte_span path, std::size_t segments) {
  auto const decoded = percent_decoded(cut(head, path));
  bool const countable = decoded && without_dot_segments(*decoded) == *decoded;
  if (!countable || segments == 0) return path.end;
  auto at = path.start;
  for (std::size_t i = 0; i < segments; ++i) {
    at = head.find('/', at + 1);
    if (at >= path.end) return path.end;
  }
  return at;
}

std::vector<byte_span> lines_of_field(std::string_view head, std::string_view name) {
  std::vector<byte_span> out;
  for (auto const line : field_lines(head)) {
    auto const text = cut(head, line);
    if (iequals(text.substr(0, text.find(':')), name)) out.push_back(line);
  }
  return out;
}

std::vector<byte_span> unless_empty(byte_span span) {
  if (span.start >= span.end) return {};
  return {span};
}

}  // namespace

std::vector<byte_span> field_lines(std::string_view head) {
  auto lines = lines_of(head);
  if (!lines.empty()) lines.erase(lines.begin());
  return lines;
}

std::vector<byte_span> find_source(std::string_view head, head_source const& source) {
  if (source.part == head_part::field) return lines_of_field(head, source.field_name);
  auto const lines = lines_of(head);
  if (source.part == head_part::none || lines.empty()) return {};
  auto const line = split_request_line(head, lines.front());
  if (!line) return {};
  auto const parts = split_target(head, line->target);
  auto const segments_end = end_of_segments(head, parts.path, source.path_segments);
  switch (source.part) {
    case head_part::method:
      return unless_empty(line->method);
    case head_part::target:
      return unless_empty(line->target);
    case head_part::authority:
      return unless_empty(parts.authority);
    case head_part::path:
      return unless_empty({parts.path.start, segments_end});
    case head_part::path_rest:
      return unless_empty(segments_end == parts.path.end ? parts.path
                                                         : byte_span{segments_end, parts.path.end});
    case head_part::query:
      return parts.query ? unless_empty(*parts.query) : std::vector<byte_span>{};
    case head_part::version:
      return unless_empty(line->version);
    case head_part::none:
    case head_part::field:
      break;
  }
  return {};
}

}  // namespace gatehouse::http
