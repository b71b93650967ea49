#include "gatehouse/config/command_names.hpp"

#include <algorithm>
#include <vector>

#include "gatehouse/base/nearest.hpp"
#include "gatehouse/http/grammar.hpp"

namespace gatehouse::config {

std::string command_hint(std::string_view word) {
  // As `python3 -m http.server 8080` takes it.
  if (!word.empty() && std::all_of(word.begin(), word.end(), http::is_digit))
    return " (did you mean --port " + std::string(word) + "?)";
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
