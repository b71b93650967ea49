#include "gatehouse/http/obs_fold.hpp"

namespace gatehouse::http {

bool has_folded_line(std::string_view lines) {
  while (true) {
    auto const lf = lines.find('\n');
    if (lf == std::string_view::npos) return false;
    lines.remove_prefix(lf + 1);
    if (lines.starts_with(' ') || lines.starts_with('\t')) return true;
  }
}

}  // namespace gatehouse::http
