#pragma once
// A file that is part of the program: see gatehouse_embed in cmake/embed.cmake. Whoever embeds
// files under a NAME declares `std::span<base::embedded_file const> NAME_files();` in namespace
// gatehouse.

#include <span>
#include <string_view>

namespace gatehouse::base {

struct embedded_file {
  std::string_view name;  // its path below the directory that was named
  std::string_view bytes;
};

}  // namespace gatehouse::base
