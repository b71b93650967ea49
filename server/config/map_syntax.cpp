#include "gatehouse/config/map_syntax.hpp"

#include <algorithm>

namespace gatehouse::config {

map_syntax const* find_syntax(map_syntaxes kinds, std::string_view name) {
  auto const found =
      std::find_if(kinds.begin(), kinds.end(), [&](map_syntax const& k) { return k.name == name; });
  return found != kinds.end() ? &*found : nullptr;
}

std::string names_of(map_syntaxes kinds) {
  std::string out;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (i > 0) out += i + 1 == kinds.size() ? " or " : ", ";
    out += kinds[i].name;
  }
  return out;
}

}  // namespace gatehouse::config
