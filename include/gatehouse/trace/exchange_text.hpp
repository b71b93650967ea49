#pragma once
// Turns the events of one exchange into lines for people, while it goes on. Each line starts with
// the exchange's number and the milliseconds since its first byte, so that the lines of several
// exchanges can be told apart; then comes a word for the step, and what happened. Text of clients
// and scripts is escaped.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/trace/recording.hpp"

namespace gatehouse::trace {

class exchange_text {
 public:
  // begun: as from begin_recording().
  exchange_text(std::uint64_t number, recording const& begun, bool coloured);

  // Returns the lines to print for this event; empty if there are none yet. Events that belong
  // together (the variables) are printed with the event that follows them. Of a script's input and
  // of its output the first limits::printed_bytes are printed. Pure.
  std::string add(event const& what, http::steady_time now);

 private:
  class line_writer;
  // Whether anything of a response was sent.
  bool has_begun() const { return answered_ || content_bytes_ > 0; }

  struct pending_variable {
    std::string name;
    std::string value;
    std::string origin;
  };
  struct pending_header {
    std::string line;
    std::string meaning;
  };
  struct counted_bytes {
    std::size_t shown = 0;
    std::uint64_t size = 0;
  };

  std::string number_;
  std::string ends_;  // who talks to whom
  http::steady_time began_;
  bool coloured_;
  bool begun_ = false;
  bool routed_ = false;
  bool answered_ = false;
  std::vector<pending_variable> variables_;  // gathered and not yet printed
  std::vector<pending_header> headers_;      // gathered and not yet printed
  std::string output_head_;                  // the script's output as far as it may be header lines
  counted_bytes standard_input_;
  counted_bytes standard_output_;
  std::uint64_t content_bytes_ = 0;
};

}  // namespace gatehouse::trace
