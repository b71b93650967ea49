#include "gatehouse/process/templates.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <utility>

#include "gatehouse/base/clock.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"

namespace gatehouse::process {
namespace {

using time_point = std::chrono::steady_clock::time_point;
namespace limits = base::limits;

void add_setting(std::string& out, std::string_view name, std::string const& value) {
  out.append(name).append("=").append(value).push_back('\0');
}

std::string number_of(rlim_t limit) {
  return limit == RLIM_INFINITY ? "-1" : std::to_string(limit);
}

// What the child sets by itself, because it would hold the template, too.
std::string limits_text(containment const* held_by) {
  std::string out;
  if (held_by == nullptr) return out;
  for (auto const& limit : held_by->limits) {
    if (!out.empty()) out += ' ';
    out += std::to_string(limit.resource) + ':' + number_of(limit.value.rlim_cur) + ':' +
           number_of(limit.value.rlim_max);
  }
  return out;
}

// The numbers of the system calls that a template makes by number. The last two arguments of clone
// are the other way round on x86.
std::string system_calls_text() {
  std::string out;
  auto const add = [&out](std::string_view name, long number) {
    add_setting(out, name, std::to_string(number));
  };
  add("clone", SYS_clone);
  add("exit", SYS_exit_group);
  add("prctl", SYS_prctl);
  add("recvmsg", SYS_recvmsg);
  add("sendto", SYS_sendto);
  add("write", SYS_write);
  add("close", SYS_close);
  add("dup3", SYS_dup3);
  add("prlimit64", SYS_prlimit64);
#if defined(__x86_64__)
  add("tid", 4);
#else
  add("tid", 5);
#endif
  return out;
}

std::string settings_text(template_rules const& rules, template_kind const& kind) {
  auto out = system_calls_text();
  add_setting(out, "idle", std::to_string(limits::template_idle_time / std::chrono::seconds(1)));
  add_setting(out, "load", kind.load);
  add_setting(out, "limits", limits_text(rules.held_by.get()));
  out.push_back('\0');
  for (auto const& entry : rules.environment) out.append(entry).push_back('\0');
  return out;
}

// The interpreter as the kernel starts it for a script, with other words in place of the script.
program program_for(template_rules const& rules, template_kind const& kind, hash_bang const& line) {
  program out;
  out.path = line.interpreter;
  out.arguments = {line.interpreter};
  if (!line.argument.empty()) out.arguments.push_back(line.argument);
  for (auto const& word : kind.start_words) out.arguments.push_back(word);
  out.environment = rules.environment;
  out.directory = "/";
  out.descriptor_limit = rules.descriptor_limit;
  if (rules.held_by != nullptr) {
    auto without_limits = *rules.held_by;
    without_limits.limits.clear();
    out.held_by = std::make_shared<containment const>(std::move(without_limits));
  }
  return out;
}

std::string text_of(hash_bang const& line) {
  return "#!" + line.interpreter + (line.argument.empty() ? "" : " " + line.argument);
}

template_kind const* kind_named(std::string_view name, std::vector<template_kind> const& kinds) {
  auto const found =
      std::find_if(kinds.begin(), kinds.end(), [&](auto const& k) { return k.name == name; });
  return found == kinds.end() ? nullptr : &*found;
}

// See why_no_template().
std::string why_no_kind(std::optional<hash_bang> const& line,
                        std::vector<template_kind> const& kinds) {
  if (!line) return "it has no #! line";
  auto const words = words_of(*line);
  if (!words) return "its #! line tells env(1) more than a program and its words";
  auto const* const kind = kind_named(words->name, kinds);
  if (kind == nullptr) return "--warm does not name " + words->name + ", which its #! line does";
  if (!kind->takes(words->flags)) return "no template has the flags of its #! line";
  return {};
}

}  // namespace

// The template of one #! line, also while there is none.
struct templates::one {
  enum class state { none, starting, ready, busy, given_up };

  one(template_rules const& r, template_kind const* k, hash_bang l)
      : rules(r), kind(k), line(std::move(l)), name(text_of(line)) {}

  template_rules const& rules;
  template_kind const* kind;  // null: no template for this line
  hash_bang line;
  std::string const name;
  std::atomic<time_point> used_at{base::coarse_now()};
  std::mutex mutex;  // guards what follows
  state now = state::none;
  std::optional<template_process> process;
  time_point retry_at{};
  int failures = 0;  // to become ready, one after the other
  std::set<std::string> said;
  std::string trouble;  // why there is none, or what it said of its last refusal

  outcome start(program const& what, vfork_launcher& with);
  std::string why_not_ready() const;
  void begin(vfork_launcher& with);
  void hear();
  void obey(std::string const& word);
  void on_end();
  void fail(std::string const& why);
  void say_once(base::log::level level, std::string_view reason, std::string const& text);
};

templates::outcome templates::one::start(program const& what, vfork_launcher& with) {
  std::lock_guard const lock(mutex);
  auto const now_is = base::coarse_now();
  if (process) hear();
  bool const due = now == state::none && now_is >= retry_at;
  used_at = now_is;
  if (due) begin(with);
  if (now != state::ready) return {.why_cold = why_not_ready()};
  with.expect_child();
  auto const answer = process->ask(what);
  if (answer.pid) {
    with.expect_child(*answer.pid);
    return {.pid = answer.pid};
  }
  with.forget_child();
  trouble = "did not start it";
  answer.in_time ? hear() : fail("did not answer in time");
  return {.why_cold = "its template " + trouble};
}

std::string templates::one::why_not_ready() const {
  switch (now) {
    case state::starting:
      return "its template is being started";
    case state::busy:
      return "its template was loading what another start needs";
    default:
      return "its template " + trouble;
  }
}

void templates::one::begin(vfork_launcher& with) {
  auto made = template_process::start(program_for(rules, *kind, line), kind->text,
                                      settings_text(rules, *kind), with);
  with.forget_child();
  if (made.has_error()) return fail("cannot be started: " + made.error().message());
  process.emplace(std::move(*made));
  now = state::starting;
  base::log::debug("template-starting", name + " as a template");
}

void templates::one::hear() {
  auto const heard = process->hear();
  for (auto const& word : heard.words) {
    obey(word);
    if (!process) return;
  }
  if (heard.ended) on_end();
}

void templates::one::obey(std::string const& word) {
  constexpr std::string_view failed = "failed ";
  constexpr std::string_view note = "note ";
  if (word == "ready") {
    now = state::ready;
    failures = 0;
  } else if (word == "busy") {
    now = state::busy;
  } else if (word.starts_with(note)) {
    trouble = "refused it: " + word.substr(note.size());
    say_once(base::log::level::warn, "template-note", word.substr(note.size()));
  } else if (word.starts_with(failed)) {
    process.reset();
    now = state::given_up;
    trouble = "cannot be: " + word.substr(failed.size());
    say_once(base::log::level::warn, "template-impossible",
             word.substr(failed.size()) + "; its scripts start cold");
  }
}

// One that nobody has asked for long ends by itself.
void templates::one::on_end() {
  auto const idle = base::coarse_now() - used_at.load();
  if (now != state::starting && idle + std::chrono::seconds(2) > limits::template_idle_time) {
    process.reset();
    now = state::none;
    return;
  }
  auto const line_of_it = process->last_line();
  bool const served = now != state::starting;
  fail("has ended" + (line_of_it.empty() ? std::string() : ": " + line_of_it));
  if (served) retry_at = {};
}

void templates::one::fail(std::string const& why) {
  process.reset();
  trouble = why;
  now = state::none;
  auto const pause = limits::template_pause * (1 << std::min(failures, limits::template_doublings));
  ++failures;
  retry_at = base::coarse_now() + pause;
  say_once(base::log::level::warn, "template-failed", why + "; its scripts start cold meanwhile");
}

void templates::one::say_once(base::log::level level, std::string_view reason,
                              std::string const& text) {
  if (said.size() < limits::template_notes && said.insert(text).second)
    base::log::write(level, reason, "the template of " + name + ": " + text);
}

std::string why_no_template(std::string const& script, std::vector<template_kind> const& kinds) {
  return why_no_kind(read_hash_bang(script), kinds);
}

templates::templates(template_rules rules) : rules_(std::move(rules)) {}
templates::~templates() = default;

templates::outcome templates::start(program const& what, vfork_launcher& with) {
  if (what.path != what.script) return {.why_cold = "--interpreter runs it"};
  auto const line = read_hash_bang(what.script);
  if (!line) return {.why_cold = why_no_kind(line, rules_.kinds)};
  auto const found = for_line(*line);
  if (found.it == nullptr || found.it->kind == nullptr) return {.why_cold = found.why_none};
  return found.it->start(what, with);
}

templates::template_or_why templates::for_line(hash_bang const& line) {
  auto why = why_no_kind(line, rules_.kinds);
  auto const words = words_of(line);
  auto const* const kind = words ? kind_named(words->name, rules_.kinds) : nullptr;
  if (kind == nullptr) return {.why_none = std::move(why)};
  std::lock_guard const lock(mutex_);
  auto const key = text_of(line);
  if (auto const known = all_.find(key); known != all_.end())
    return {known->second, std::move(why)};
  if (all_.size() >= rules_.most && !make_room())
    return {.why_none = "there are as many templates as --warm-templates allows"};
  bool const fits = kind->takes(words->flags);
  if (!fits) {
    base::log::info("template-impossible",
                    "scripts with the line " + key + " start cold: no template has such flags");
  }
  return {all_[key] = std::make_shared<one>(rules_, fits ? kind : nullptr, line), std::move(why)};
}

void templates::note_cold(std::string const& script, std::chrono::microseconds time) {
  std::lock_guard const lock(mutex_);
  if (cold_times_.size() >= limits::cold_times_kept) cold_times_.clear();
  cold_times_[script] = time;
}

std::optional<std::chrono::microseconds> templates::cold_time(std::string const& script) const {
  std::lock_guard const lock(mutex_);
  auto const found = cold_times_.find(script);
  return found == cold_times_.end() ? std::nullopt : std::optional(found->second);
}

// Drops the template that was not used for longest, unless it was used lately.
bool templates::make_room() {
  auto const longest = std::min_element(all_.begin(), all_.end(), [](auto const& a, auto const& b) {
    return a.second->used_at.load() < b.second->used_at.load();
  });
  bool const unused =
      longest != all_.end() &&
      base::coarse_now() - longest->second->used_at.load() > limits::template_kept_time;
  if (unused) {
    all_.erase(longest);
  } else if (!std::exchange(said_full_, true)) {
    base::log::warn("templates-full", "there are as many #! lines as --warm-templates allows (" +
                                          std::to_string(rules_.most) +
                                          "); scripts with others start cold");
  }
  return unused;
}

}  // namespace gatehouse::process
