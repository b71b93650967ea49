#include "gatehouse/cgi/warm_start.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "gatehouse/base/embedded_file.hpp"

namespace gatehouse {
std::span<base::embedded_file const> template_files();
}

namespace gatehouse::cgi {
namespace {

std::string_view text_named(std::string_view name) {
  for (auto const& file : template_files()) {
    if (file.name == name) return file.bytes;
  }
  return {};
}

bool are_letters_of(std::string_view flag, std::string_view letters) {
  return flag.size() >= 2 && flag.front() == '-' &&
         flag.find_first_not_of(letters, 1) == std::string_view::npos;
}

// Flags that mean the same for a template. Those that look at the arguments or at the script before
// a template does, or that print, are not among them.
bool python_takes(std::vector<std::string> const& flags) {
  bool is_value = false;
  for (std::string_view const flag : flags) {
    bool const names_value = flag == "-W";
    bool const has_value = flag.starts_with("-W") && flag.find(' ') == std::string_view::npos;
    if (!is_value && !has_value && !are_letters_of(flag, "uIEsSBOP")) return false;
    is_value = names_value && !is_value;
  }
  return !is_value;
}

bool perl_takes(std::vector<std::string> const& flags) {
  return std::all_of(flags.begin(), flags.end(),
                     [](std::string_view flag) { return are_letters_of(flag, "wWX"); });
}

}  // namespace

process::template_kind template_kind_named(std::string_view name) {
  if (name == "perl") {
    return {"perl",
            {"-M5;BEGIN{sysread STDIN,$_,262144;eval;die$@if$@}", "/dev/null"},
            text_named("template.pl"),
            {},
            perl_takes};
  }
  return {"python3",
          {"-c", "import posix; exec(posix.read(0, 262144))"},
          text_named("template.py"),
          {},
          python_takes};
}

}  // namespace gatehouse::cgi
