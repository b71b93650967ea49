#include "gatehouse/gateway/stderr_tail.hpp"

#include <algorithm>
#include <utility>

#include "gatehouse/base/limits.hpp"

namespace gatehouse::gateway {

void stderr_tail::add(std::string_view bytes) {
  while (!bytes.empty()) {
    auto const lf = bytes.find('\n');
    auto const piece = bytes.substr(0, lf);
    line_.append(piece.substr(0, base::limits::stderr_line_bytes -
                                     std::min(line_.size(), base::limits::stderr_line_bytes)));
    if (lf == std::string_view::npos) return;
    bytes.remove_prefix(lf + 1);
    end_line();
  }
}

void stderr_tail::end() {
  end_line();
}

void stderr_tail::end_line() {
  if (line_.ends_with('\r')) line_.pop_back();
  if (line_.empty()) return;
  on_line_(line_);
  if (kept_.size() == base::limits::stderr_lines_kept) kept_.erase(kept_.begin());
  kept_.push_back(std::exchange(line_, {}));
}

}  // namespace gatehouse::gateway
