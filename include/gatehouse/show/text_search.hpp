#pragma once
// Looks for a text in recorded exchanges: in the heads of request and response, in what the status
// and the reason are, in the lines of stderr and in the bodies, as far as these were kept. Letters
// of ASCII are the same in either case.

#include <string>
#include <string_view>

#include "gatehouse/trace/recording.hpp"

namespace gatehouse::show {

class text_search {
 public:
  explicit text_search(std::string_view wanted);

  // Takes a few tenths of a millisecond for an exchange with full bodies.
  bool finds_in(trace::recording const& one);

 private:
  bool is_in(std::string_view text);

  std::string wanted_;  // in lower case
  std::string folded_;  // the text that was looked at last, in lower case: its memory is used again
};

}  // namespace gatehouse::show
