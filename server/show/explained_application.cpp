#include "gatehouse/show/explained_application.hpp"

#include <string>
#include <utility>
#include <vector>

#include "gatehouse/base/columns.hpp"
#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/show/application_text.hpp"
#include "gatehouse/show/verdict.hpp"

namespace gatehouse::show {
namespace {

std::string text_of(trace::recorded_record const& record) {
  auto const id = record.request_id ? ", request id " + std::to_string(*record.request_id) : "";
  return base::bytes_text(record.length) + id;
}

std::string how_connected(trace::recorded_question const& asked) {
  return asked.kept ? "one that has carried answers before" : "a new one";
}

}  // namespace

bool stands_for_script(trace::recording const& of) {
  return of.application && of.script && of.script->interpreter.empty();
}

void show_application(text_page& out, trace::recording const& of) {
  if (!of.application) return;
  out.step("Which application");
  auto const& application = *of.application;
  bool const is_ours = is_kept_by_us(application);
  std::vector<table_row> rows = {{is_ours ? "application" : "address", application.name},
                                 {"asked by", application.protocol,
                                  is_ours ? "it stays in memory, in workers that the server keeps"
                                          : "it stays in memory, and runs elsewhere"}};
  for (auto const& fact : application.facts) rows.push_back({fact.name, fact.value});
  if (stands_for_script(of)) {
    rows.push_back({"SCRIPT_NAME", of.script->script_name, "the prefix that it is mapped to"});
    rows.push_back({"PATH_INFO", of.script->path_info.value_or(""), "the rest of the path"});
  }
  out.table(std::move(rows));
}

void show_question(text_page& out, trace::recording const& of) {
  if (!of.asked && !of.queued) return;
  out.step("How it is asked");
  std::vector<table_row> rows;
  if (of.queued) rows.push_back({"in the queue", brief_time(*of.queued)});
  if (!of.asked) return out.table(std::move(rows));
  auto const& asked = *of.asked;
  rows.push_back({"by", asked.protocol});
  if (asked.worker != 0) {
    rows.push_back({"worker", worker_of(of), "pid " + std::to_string(asked.worker)});
  } else {
    rows.push_back({"at", asked.address});
    rows.push_back({"connection", how_connected(asked)});
  }
  out.table(std::move(rows));
  rows.clear();
  for (auto const& record : asked.records)
    rows.push_back({record.sent ? "to it" : "from it", record.type, text_of(record)});
  if (!rows.empty()) out.table(std::move(rows));
  if (asked.passed > asked.records.size())
    out.say("And " + std::to_string(asked.passed - asked.records.size()) + " more.");
}

void show_trouble(text_page& out, trace::recording const& of) {
  if (of.exception) {
    out.step(of.exception->is_misuse ? "What it did wrong" : "What it raised");
    out.complain(of.exception->sentence);
    for (auto const& line : of.exception->traceback) out.say(line);
  }
  if (!of.asked || !of.asked->worker_has_ended) return;
  out.step("How its worker ended");
  auto const& status = of.asked->worker_status;
  out.complain("The worker " + worker_of(of) + " " +
               (status ? base::exit_text(*status) : std::string("has ended")) + ".");
}

}  // namespace gatehouse::show
