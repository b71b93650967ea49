#include "gatehouse/gateway/script_response.hpp"

#include <algorithm>
#include <vector>

#include "gatehouse/base/escape.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/gateway/header_block.hpp"
#include "gatehouse/http/grammar.hpp"

namespace gatehouse::gateway {
namespace {

http::http_error head_too_large() {
  return malformed("script-head-too-large", "the header block is over the limit",
                   "The script printed more than " +
                       std::to_string(base::limits::script_head_bytes) +
                       " bytes without a blank line.");
}

http::http_error no_blank_line() {
  return malformed("script-no-blank-line",
                   "the output ended before the blank line that ends the headers",
                   "The script's output ended before the blank line that separates the headers "
                   "from the content.");
}

std::string_view without_line_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// The beginning of a line that the script printed, for a sentence about it.
std::string quoted(std::string_view line) {
  constexpr std::size_t shown = 60;
  std::string const beginning = base::valid_utf8(line.substr(0, shown));
  return '"' + beginning + (line.size() > shown ? "..." : "") + '"';
}

// Parses a header line without its line end: field-name ":" value. The errors are everything that
// must not be passed on to a client.
http::result<http::field> parse_line(std::string_view line) {
  auto const is_control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7F';
  };
  if (std::any_of(line.begin(), line.end(), is_control)) {
    return malformed("script-bad-header", "a header line has a control character",
                     "The script printed a header line with a control character in it.");
  }
  auto const colon = line.find(':');
  if (line.starts_with("HTTP/") && colon == std::string_view::npos) {
    return malformed("script-status-line", "a status line instead of a header",
                     "The script printed a status line. To set the status it prints a header such "
                     "as Status: 404 Not Found; only a script whose name begins with nph- prints "
                     "the whole response.");
  }
  if (colon == std::string_view::npos) {
    return malformed(
        "script-no-blank-line", "a line before the blank line is not a header",
        "The script printed " + quoted(line) +
            " before the blank line, and that is not a header (Name: value). Every response starts "
            "with headers, such as Content-Type: text/html, and an empty line after them.");
  }
  auto const name = line.substr(0, colon);
  if (!http::is_token(name)) {
    return malformed(
        "script-bad-header", "a header's name has characters that no name has",
        "The script printed " + quoted(line) +
            " before the blank line, and that is not a header: a name has neither blanks nor other "
            "signs before its colon (RFC 9110, 5.1). If it is content, an empty line has to stand "
            "before it.");
  }
  return http::field{name, http::trim_ows(line.substr(colon + 1))};
}

// Whether the text begins with a whole header line. Returns nothing if that needs more of the text.
std::optional<bool> begins_with_header(std::string_view text) {
  auto const looked_at = text.substr(0, base::limits::script_head_bytes);
  auto const lf = looked_at.find('\n');
  if (lf != std::string_view::npos) {
    auto const line = without_line_end(looked_at.substr(0, lf + 1));
    return !line.empty() && parse_line(line).has_value();
  }
  auto const name = looked_at.substr(0, looked_at.find(':'));
  if (looked_at.size() == base::limits::script_head_bytes) return false;
  if (!name.empty() && !http::is_token(name)) return false;
  return std::nullopt;
}

// The offset of the line with this number, counted from 1.
std::size_t start_of_line(std::string_view text, std::size_t number) {
  std::size_t at = 0;
  for (; number > 1; --number) {
    auto const lf = text.find('\n', at);
    if (lf == std::string_view::npos) return text.size();
    at = lf + 1;
  }
  return at;
}

// The number of the first line that is a Content-Type; 0 if none is.
std::size_t line_of_content_type(std::string_view text) {
  constexpr std::string_view name = "Content-Type:";
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto const line = text.substr(0, text.find('\n'));
    if (http::iequals(line.substr(0, name.size()), name)) return number;
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return 0;
}

// What a program prints to a pipe waits in its buffer. What a program prints that it has started
// does not wait for that, and so comes before the headers. The error says so if this is what
// happened.
void explain_late_headers(http::http_error& error, std::string_view text, std::string_view more) {
  bool const is_no_header =
      error.reason == "script-no-blank-line" || error.reason == "script-bad-header";
  if (!is_no_header) return;
  auto const number = line_of_content_type(std::string(text).append(more));
  if (number <= error.help.marked_line) return;
  error.reason = "script-late-headers";
  error.detail =
      "other output stands before the headers: Content-Type is in line " + std::to_string(number);
  auto const rest = text.substr(start_of_line(text, error.help.marked_line));
  error.help.explanation =
      "The headers came too late: " + quoted(without_line_end(rest.substr(0, rest.find('\n')))) +
      " stands before the Content-Type in line " + std::to_string(number) +
      ". The script has to print its headers first. If that line comes from another program that "
      "the script starts, let the script flush its own output before it starts it ($| = 1 in Perl, "
      "sys.stdout.flush() in Python, fflush(stdout) in C).";
}

}  // namespace

http::result<std::optional<response_head>> script_response_parser::push(std::string_view bytes) {
  text_ += bytes;
  while (true) {
    if (stage_ == stage::behind_empty_line) {
      auto const header = begins_with_header(std::string_view(text_).substr(line_start_));
      if (!header) return std::optional<response_head>();
      if (!*header) return end_head(line_start_);
      stage_ = stage::in_fields;
    }
    auto const lf = text_.find('\n', line_start_);
    if (lf == std::string::npos) break;
    auto const line =
        without_line_end(std::string_view(text_).substr(line_start_, lf + 1 - line_start_));
    if (lf >= base::limits::script_head_bytes) return head_too_large();
    if (line.empty() && stage_ == stage::in_fields) return end_head(lf + 1);
    if (!line.empty()) {
      if (auto const field = parse_line(line); field.has_error())
        return at_line(field.error(), line_number_);
    }
    stage_ = line.empty() ? stage::behind_empty_line : stage::in_fields;
    line_start_ = lf + 1;
    ++line_number_;
  }
  if (text_.size() > base::limits::script_head_bytes) return head_too_large();
  return std::optional<response_head>();
}

http::result<std::optional<response_head>> script_response_parser::end_head(
    std::size_t body_start) {
  body_start_ = body_start;
  auto head = parse_response_head(std::string_view(text_).substr(0, body_start_));
  if (head.has_error()) return head.error();
  return std::optional<response_head>(std::move(*head));
}

http::result<response_head> script_response_parser::ended() {
  if (stage_ == stage::behind_empty_line) {
    auto head = end_head(line_start_);
    if (head.has_error()) return head.error();
    return std::move(**head);
  }
  if (text_.empty())
    return malformed("script-no-output", "no output",
                     "The script ended without printing anything.");
  return no_blank_line();
}

void script_response_parser::explain(http::http_error& error, std::string_view more) const {
  auto& help = error.help;
  std::string_view const text = text_;
  std::size_t start = 0;
  if (help.marked_line > 1) {
    auto const marked = start_of_line(text, help.marked_line);
    auto const before = start_of_line(text, help.marked_line - 1);
    if (marked >= base::limits::output_excerpt_bytes / 2) {
      bool const both = marked - before < base::limits::output_excerpt_bytes / 2;
      start = both ? before : marked;
      help.excerpt_line = help.marked_line - (both ? 1 : 0);
    }
  }
  help.output_excerpt = text.substr(start, base::limits::output_excerpt_bytes);
  if (help.marked_line > 0) explain_late_headers(error, text, more);
}

namespace {

// Whether the block begins with an empty line that header lines follow.
bool has_early_empty_line(std::string_view block) {
  auto const lf = block.find('\n');
  return lf != std::string_view::npos && without_line_end(block.substr(0, lf + 1)).empty() &&
         lf + 1 < block.size();
}

http::result<response_head> read_block(std::string_view block, std::vector<header_use>* uses) {
  auto const* const begin = block.data();
  header_block printed;
  bool const early_empty_line = has_early_empty_line(block);
  for (std::size_t number = 1;; ++number) {
    if (block.empty()) return no_blank_line();
    auto const lf = block.find('\n');
    auto const line = without_line_end(block.substr(0, lf));
    block.remove_prefix(lf == std::string_view::npos ? block.size() : lf + 1);
    if (number == 1 && early_empty_line) continue;
    if (line.empty() && lf != std::string_view::npos) break;
    if (uses != nullptr) {
      auto const start = static_cast<std::size_t>(line.data() - begin);
      uses->push_back({start, start + line.size(), "Read; the response is refused all the same."});
    }
    auto const field = parse_line(line);
    if (field.has_error()) return at_line(field.error(), number);
    if (auto error = printed.add(*field, number)) return std::move(*error);
  }
  auto head = printed.head();
  if (head.has_error()) return head;
  if (early_empty_line)
    head->deviations.push_back(
        {"script-early-blank-line", "an empty line stands before the headers; it is skipped"});
  for (std::size_t i = 0; uses != nullptr && i < uses->size(); ++i) {
    (*uses)[i].meaning = printed.meaning(i);
  }
  return head;
}

}  // namespace

http::result<response_head> parse_response_head(std::string_view block,
                                                std::vector<header_use>* uses) {
  auto head = read_block(block, uses);
  if (uses == nullptr || head.has_value() || head.error().help.marked_line == 0) return head;
  auto const index = head.error().help.marked_line - (has_early_empty_line(block) ? 2 : 1);
  if (index < uses->size()) (*uses)[index].meaning = "At fault: the response is refused for it.";
  return head;
}

}  // namespace gatehouse::gateway
