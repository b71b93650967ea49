#pragma once
// Which program a URL path names, and what of the path is left for it (RFC 3875, 3.3).

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/gateway/application.hpp"
#include "gatehouse/gateway/script_target.hpp"
#include "gatehouse/http/error.hpp"

namespace gatehouse::cgi {

// A program, or an application that runs elsewhere, for every script whose name ends in the
// extension.
struct interpreter {
  std::string extension;                                // ".php"
  std::string program;                                  // absolute path
  std::vector<std::string> arguments{};                 // before the script's path
  std::shared_ptr<gateway::application> application{};  // is asked, and no program started
};

// Finds programs below a directory: every regular file there is one. Segments that start with a dot
// are never looked at. prefix is the URL prefix, without a slash at its end; rest is what
// http::path_below gave. 404 script-not-found; 503 or 500 where the system cannot tell.
http::result<gateway::script_target> find_in_directory(std::filesystem::path const& directory,
                                                       std::string_view prefix,
                                                       std::string_view rest);

// What answers for a directory of programs that the path names, with or without a slash at its end:
// the first of the names in `index` that is a program in it, which is a file that may be executed
// or one that an interpreter is named for. Nothing if there is none. Errors: as above.
http::result<std::optional<gateway::script_target>> find_index(
    std::filesystem::path const& directory, std::string_view prefix, std::string_view rest,
    std::vector<std::string> const& index, std::vector<interpreter> const& interpreters);

// The URL path of the program that a path which names none is probably meant to name: of those in
// the same directory the one whose name is nearest. At most limits::names_compared are looked at.
std::optional<std::string> nearest_program(std::filesystem::path const& directory,
                                           std::string_view prefix, std::string_view rest);

// The interpreter for a script of this name, one of those given; null if none is named for it.
interpreter const* interpreter_for(std::vector<interpreter> const& interpreters,
                                   std::filesystem::path const& file);

// The one program behind a prefix: whatever follows is its PATH_INFO.
gateway::script_target single_script(std::filesystem::path const& file, std::string_view prefix,
                                     std::string_view rest);

// Programs among the files of a document root: those whose name ends in one of the extensions. A
// directory (path with a slash at its end) stands for its first index file that is there. Nothing
// if the path names no program; the path is then a static file's. A symbolic link that leaves the
// root is followed only if follow_symlinks is set. Errors: 503 or 500 where the system cannot tell.
struct script_rules {
  std::filesystem::path root;
  std::string prefix;
  std::vector<std::string> extensions;
  std::vector<std::string> index;
  bool follow_symlinks = false;
};
http::result<std::optional<gateway::script_target>> find_among_files(script_rules const& rules,
                                                                     std::string_view rest);

// Whether find_among_files could find one, by the text of the path alone: no file is looked at.
bool may_be_among_files(script_rules const& rules, std::string_view rest);

// Whether a file's name ends in one of the extensions.
bool has_extension(std::string_view name, std::vector<std::string> const& extensions);

}  // namespace gatehouse::cgi
