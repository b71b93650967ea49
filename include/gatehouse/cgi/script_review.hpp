#pragma once
// Everything there is to say about a script before a client asks for it: what keeps it from being
// started (script_check.hpp), and what is unwise about it or its directory. For `gatehouse check`;
// no request comes this way.

#include <filesystem>
#include <string_view>
#include <vector>

#include "gatehouse/gateway/script_check.hpp"

namespace gatehouse::cgi {

// What a file in a directory of programs seems to be, by its name.
enum class file_role {
  program,
  backup,  // of an editor or a package manager
  source,  // of a compiled program
};
file_role role_of(std::string_view name);

// Whether a file that lies among programs is none, so that nobody need hear of it: a source, or a
// file that nothing but its place would make a program, because it has no execute bit, no #! line,
// no extension of a script's, and is no binary. interpreted: an --interpreter is named for its
// extension.
bool is_no_program(std::filesystem::path const& file, bool interpreted);

// The errors first. named: somebody asked about this very file, so that one that does not look like
// a program is judged as one all the same.
std::vector<gateway::script_finding> review_script(std::filesystem::path const& script,
                                                   gateway::start_rules const& rules, bool named);

// Whether a finding of this reason says that a file is not meant to be run.
bool is_about_role(std::string_view reason);

// Who else may put programs into it.
std::vector<gateway::script_finding> review_directory(std::filesystem::path const& directory);

}  // namespace gatehouse::cgi
