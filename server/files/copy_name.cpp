#include "gatehouse/files/copy_name.hpp"

#include <algorithm>
#include <string>

#include "gatehouse/http/grammar.hpp"

namespace gatehouse::files {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Whether the extension and the letters behind it make another extension. One letter does not:
// ".phps" and ".pyc" are known extensions, but their files show the script.
bool begins_another(std::string_view extension, std::string_view rest,
                    media_type_table const& known) {
  auto const end = std::find_if_not(rest.begin(), rest.end(), is_letter);
  std::string_view const letters(rest.begin(), end);
  if (letters.size() < 2 || (end != rest.end() && http::is_digit(*end))) return false;
  return known.knows(std::string(extension.substr(1)).append(letters));
}

}  // namespace

bool holds_script_extension(std::string_view name, std::string_view extension,
                            media_type_table const& known) {
  if (extension.size() < 2) return false;
  for (; name.size() >= extension.size(); name.remove_prefix(1)) {
    if (!http::iequals(name.substr(0, extension.size()), extension)) continue;
    if (!begins_another(extension, name.substr(extension.size()), known)) return true;
  }
  return false;
}

}  // namespace gatehouse::files
