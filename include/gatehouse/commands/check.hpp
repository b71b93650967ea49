#pragma once
// `gatehouse check`: what is wrong with the programs that the server would run. Looking and telling
// are apart, so that each can be tested.

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "gatehouse/commands/application_review.hpp"
#include "gatehouse/commands/commands.hpp"
#include "gatehouse/gateway/script_check.hpp"

namespace gatehouse::commands {

struct checked_file {
  std::filesystem::path file;
  std::string path;  // of its URL, decoded; empty: the server would not run it
  std::vector<gateway::script_finding> findings;
};

struct check_report {
  std::vector<checked_file> scripts;
  std::vector<checked_file> directories;  // that programs are served from
  std::vector<checked_application> applications;

  std::size_t count(gateway::severity how) const;
};

// names: as given on the command line, each a file or the name of one in cgi-bin; none: every
// program that the server would run. chosen: with its directories resolved.
check_report review(config::options const& chosen, std::vector<std::string> const& names);

// Lines for people: what has findings, and a last line that counts. Nothing in it moves a terminal
// but the colours, if they are wanted.
std::string plain_text(check_report const& report, bool coloured);

// {"scripts": [{"file", "url": "/cgi-bin/a" or null, "findings": [{"kind": "error", "warning" or
// "note", "reason", "explanation", "command", "printed", "stderr": [lines], "traceback":
// [lines]}]}], "directories":
// [{"directory", "findings"}], "applications": [{"name", "url", "findings"}], "errors": 1,
// "warnings": 0}, on one line.
std::string json_text(check_report const& report);

// Exit status 0: no errors; 1: errors; 2: used wrongly.
int check_command(command_call const& call);

}  // namespace gatehouse::commands
