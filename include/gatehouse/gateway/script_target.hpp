#pragma once
// The program that a URL path names, and what of the path is left for it (RFC 3875, 3.3). A value:
// each gateway has its own way to find one.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse::gateway {

struct script_target {
  std::string script_name;  // SCRIPT_NAME: decoded URL path of the script
  std::optional<std::string>
      path_info;               // PATH_INFO: decoded; unset when nothing follows the script
  std::filesystem::path file;  // the script
  std::string interpreter;     // run the script with this program; empty: the script itself is run
  std::vector<std::string> interpreter_arguments{};  // before the script's path
};

}  // namespace gatehouse::gateway
