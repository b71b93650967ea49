#pragma once
// Why a script cannot be started, in the words of the person who wrote it. Asked by the gateway
// after a start has failed, or when env(1) or a shell gave up with 126 or 127 (a script that runs
// is never looked at), and by `gatehouse check`.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/http/error.hpp"

namespace gatehouse::gateway {

// What the first bytes of a file say about how the kernel would start it (execve(2)).
struct script_head {
  enum class kind {
    empty,            // no bytes at all
    byte_order_mark,  // EF BB BF before "#!"
    interpreted,      // "#!" and an absolute path
    relative,         // "#!" and something that is no absolute path
    no_interpreter,   // "#!" and nothing
    elf,
    foreign_elf,  // for another machine
    unknown,      // the kernel answers ENOEXEC
  };
  kind what = kind::unknown;
  bool carriage_return = false;  // the "#!" line ends in CR LF
  std::string interpreter;       // of the "#!" line, without a CR
  std::string argument;          // the rest of that line, which the kernel passes as one word
};

// Pure. bytes: the first bytes of the file, 512 are enough.
script_head inspect_head(std::string_view bytes);

enum class severity {
  note,     // worth knowing
  warning,  // runs, but is unwise
  error,    // does not run
};

// One thing that is to be said about a script or a directory of scripts.
struct script_finding {
  severity how = severity::error;
  std::string_view reason;  // a literal such as "script-no-execute-bit"; stable
  http::diagnosis help;
};

// How the script is going to be started.
struct start_rules {
  std::string_view path_variable;  // PATH as the script would get it, for `#!/usr/bin/env NAME`
  bool interpreted = false;        // --interpreter names a program for it: it is only read
  bool no_new_privileges = false;  // it gains none by being set-user-ID
};

// All that would keep the file from starting: not searchable directory, no execute bit, carriage
// return, interpreter missing, and so on. Nothing if it looks sound.
std::vector<script_finding> start_findings(std::filesystem::path const& script,
                                           start_rules const& rules);

// The first of them.
std::optional<http::diagnosis> check_script(std::filesystem::path const& script,
                                            start_rules const& rules);

// A note on a program that is to gain privileges by its set-user-ID or set-group-ID bit, or by
// capabilities of its file, and does not where --no-new-privs is on. Nothing for other programs.
std::optional<script_finding> set_id_finding(std::filesystem::path const& script);

// The same for the diagnosis of a program that has failed.
std::optional<http::diagnosis> check_set_id(std::filesystem::path const& script);

}  // namespace gatehouse::gateway
