#include "gatehouse/config/command_names.hpp"

#include <vector>

#include "gatehouse/base/nearest.hpp"

namespace gatehouse::config {

std::string command_hint(std::string_view word) {
  std::vector<std::string_view> names;
  for (auto const& command : command_names) {
    // "www" is two letters away from "new", and nobody's spelling of it.
    if (!word.empty() && command.name.front() == word.front()) names.push_back(command.name);
  }
  auto const near = base::nearest(word, names);
  if (!near) return {};
  return " (did you mean the command `gatehouse " + std::string(*near) + "`?)";
}

}  // namespace gatehouse::config
