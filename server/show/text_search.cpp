#include "gatehouse/show/text_search.hpp"

#include <algorithm>
#include <cstring>

#include "gatehouse/show/verdict.hpp"

namespace gatehouse::show {
namespace {

// Without a branch, so that the compiler can take many letters at a time.
void fold(std::string& text) {
  for (char& c : text) {
    auto const from_a = static_cast<unsigned char>(c - 'A');
    c = static_cast<char>(c + (from_a < 26 ? 'a' - 'A' : 0));
  }
}

}  // namespace

text_search::text_search(std::string_view wanted) : wanted_(wanted) {
  fold(wanted_);
}

bool text_search::finds_in(trace::recording const& one) {
  auto const among = [&](auto const& lines) {
    return std::any_of(lines.begin(), lines.end(), [&](auto const& line) { return is_in(line); });
  };
  if (is_in(one.request_head.bytes) || is_in(one.response_head.bytes)) return true;
  if (is_in(verdict(one)) || is_in(one.error ? one.error->reason : std::string_view(one.reason)))
    return true;
  auto const among_both = [&](trace::kept_lines const& lines) {
    return among(lines.head) || among(lines.tail);
  };
  auto const& earlier = one.redirected_by;
  if (among_both(one.standard_error)) return true;
  if (std::any_of(earlier.begin(), earlier.end(),
                  [&](auto const& script) { return among_both(script.standard_error); }))
    return true;
  if (one.exception && among(one.exception->traceback)) return true;
  if (is_in(one.standard_input.bytes) || is_in(one.response_body.bytes)) return true;
  return is_in(one.standard_output.bytes);
}

bool text_search::is_in(std::string_view text) {
  folded_.assign(text);
  fold(folded_);
  return ::memmem(folded_.data(), folded_.size(), wanted_.data(), wanted_.size()) != nullptr;
}

}  // namespace gatehouse::show
