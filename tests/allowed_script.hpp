#pragma once
// What a Content-Security-Policy has to say of a page's one inline script, computed by coreutils.

#include <array>
#include <cstdio>
#include <fstream>
#include <string>

#include "temporary_directory.hpp"

namespace gatehouse::tests {

// The script of a page that has exactly one; else empty.
inline std::string only_script(std::string const& page) {
  std::string const begin = "<script>";
  auto const at = page.find(begin);
  auto const end = page.find("</script>");
  bool const one = at != std::string::npos && page.find("<script", at + 1) == std::string::npos;
  return one ? page.substr(at + begin.size(), end - at - begin.size()) : "";
}

// "script-src 'sha256-...'" for this script.
inline std::string script_source(std::string const& script) {
  temporary_directory const directory;
  auto const file = directory.path() / "script";
  std::ofstream(file) << script;
  auto const command =
      "sha256sum '" + file.string() + "' | cut -c1-64 | tr a-f A-F | basenc --base16 -d | base64";
  std::array<char, 100> line{};
  auto* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr || std::fgets(line.data(), line.size(), pipe) == nullptr) line[0] = '\0';
  if (pipe != nullptr) ::pclose(pipe);
  std::string hash = line.data();
  if (hash.ends_with('\n')) hash.pop_back();
  return "script-src 'sha256-" + hash + "'";
}

}  // namespace gatehouse::tests
