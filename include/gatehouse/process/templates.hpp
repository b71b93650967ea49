#pragma once
// The templates of one configuration: at most one for each #! line. A program starts out of one if
// there is a template that is ready for it, and cold in any other case, so that a template that is
// missing, busy or broken costs nobody an answer. Thread-safe: the launcher's threads ask.

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/process/containment.hpp"
#include "gatehouse/process/hash_bang.hpp"
#include "gatehouse/process/template_process.hpp"
#include "gatehouse/process/vfork_launcher.hpp"

namespace gatehouse::process {

// An interpreter that can be a template.
struct template_kind {
  std::string name;                      // as in a #! line: "python3"
  std::vector<std::string> start_words;  // behind the words of the #! line: what makes it read text
  std::string_view text;                 // what it is to run; lasts as long as the process
  std::string load;                      // modules that it is to load, between blanks
  bool (*takes)(std::vector<std::string> const& flags);  // whether it is the same with these flags
};

struct template_rules {
  std::vector<template_kind> kinds;
  std::size_t most = 16;
  std::vector<std::string> environment;  // NAME=value: what all programs get
  rlim_t descriptor_limit = 0;           // see process::program
  std::shared_ptr<containment const> held_by{};
};

// Why a script never starts out of a template of one of these kinds, in a few words for people:
// "its #! line names sh"; empty where it can. Reads the script's first line.
std::string why_no_template(std::string const& script, std::vector<template_kind> const& kinds);

class templates {
 public:
  explicit templates(template_rules rules);
  templates(templates const&) = delete;
  templates& operator=(templates const&) = delete;
  ~templates();  // ends all of them

  // The pid of a child that runs the program from now on; nothing if it is to be started cold, and
  // why, in a few words for people. If there is no template for it yet, one is started for the
  // next. Waits for the template as template_process::ask() does, and for others that ask the same
  // one.
  struct outcome {
    std::optional<pid_t> pid{};
    std::string why_cold{};
  };
  outcome start(program const& what, vfork_launcher& with);

  // How long it took a script that had been started cold from its start to its first output, when
  // that was last told.
  void note_cold(std::string const& script, std::chrono::microseconds time);
  std::optional<std::chrono::microseconds> cold_time(std::string const& script) const;

 private:
  struct one;
  struct template_or_why {
    std::shared_ptr<one> it{};
    std::string why_none{};
  };
  template_or_why for_line(hash_bang const& line);
  bool make_room();

  template_rules rules_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<one>> all_;              // by the #! line
  std::map<std::string, std::chrono::microseconds> cold_times_;  // by the script
  bool said_full_ = false;
};

}  // namespace gatehouse::process
