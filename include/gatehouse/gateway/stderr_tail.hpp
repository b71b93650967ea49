#pragma once
// A script's standard error as lines, of which the last ones are kept for a diagnosis. Pure: bytes
// in, lines out.

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::gateway {

class stderr_tail {
 public:
  // on_line: called with each line as soon as it is whole, without its end (LF, or CR LF) and cut
  // off after limits::stderr_line_bytes; empty lines are left out. What it throws is passed on.
  explicit stderr_tail(std::function<void(std::string_view)> on_line)
      : on_line_(std::move(on_line)) {}

  // Takes the next bytes.
  void add(std::string_view bytes);

  // No more will come: what there is of a last line is one, too.
  void end();

  // The last limits::stderr_lines_kept lines, the oldest one first.
  std::vector<std::string> const& lines() const { return kept_; }

 private:
  void end_line();

  std::function<void(std::string_view)> on_line_;
  std::string line_;  // as far as it has come
  std::vector<std::string> kept_;
};

}  // namespace gatehouse::gateway
