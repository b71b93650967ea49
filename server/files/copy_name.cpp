#include "gatehouse/files/copy_name.hpp"

#include <algorithm>
#include <array>

#include "gatehouse/http/grammar.hpp"

namespace gatehouse::files {
namespace {

// What editors, package managers and compressors put behind the name of a file when they copy it,
// and what some file systems leave off a name (trailing dots and spaces).
constexpr std::array<std::string_view, 23> copy_endings = {
    "~",         ".bak",       ".old",      ".orig",   ".save",    ".swp", ".swo", ".rej",
    ".dpkg-old", ".dpkg-dist", ".dpkg-new", ".rpmnew", ".rpmsave", ".tmp", ".gz",  ".br",
    ".bz2",      ".xz",        ".zst",      ".zip",    "#",        ".",    " "};

}  // namespace

bool has_ending(std::string_view name, std::string_view ending) {
  return name.size() >= ending.size() &&
         http::iequals(name.substr(name.size() - ending.size()), ending);
}

std::string_view original_name(std::string_view name) {
  while (true) {
    auto const found = std::find_if(copy_endings.begin(), copy_endings.end(),
                                    [&](std::string_view e) { return has_ending(name, e); });
    if (found == copy_endings.end()) return name;
    name.remove_suffix(found->size());
    if (*found != "~") continue;
    auto const number = name.find_last_not_of("0123456789");
    if (number != std::string_view::npos && name.substr(0, number + 1).ends_with(".~"))
      name = name.substr(0, number - 1);
  }
}

}  // namespace gatehouse::files
