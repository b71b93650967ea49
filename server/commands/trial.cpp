#include "gatehouse/commands/trial.hpp"

#include <signal.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "gatehouse/app/containment.hpp"
#include "gatehouse/app/sites.hpp"
#include "gatehouse/base/exit_text.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/percent.hpp"
#include "gatehouse/net/in_process.hpp"

namespace gatehouse::commands {
namespace {

using gateway::script_finding;
using gateway::severity;

std::string request_for(std::string const& path, http::peer const& client) {
  return "GET " + http::percent_encoded_path(path) +
         " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(client.server_port()) +
         "\r\nUser-Agent: gatehouse-check\r\nAccept: */*\r\nConnection: close\r\n\r\n";
}

script_finding found(severity how, std::string_view reason, std::string explanation) {
  script_finding out{.how = how, .reason = reason, .help = {}};
  out.help.explanation = std::move(explanation);
  return out;
}

script_finding refused(http::http_error const& error) {
  script_finding out{.how = severity::error, .reason = error.reason, .help = error.help};
  if (out.help.explanation.empty()) {
    out.help.explanation =
        "The answer is " + std::to_string(error.status) + ": " + error.detail + ".";
  }
  return out;
}

script_finding unfinished(trial_result const& result) {
  auto const seconds = std::to_string(result.limit.count() / 1000);
  bool const silent = result.seen.standard_output.size == 0;
  auto out = found(severity::warning, silent ? "trial-no-output" : "trial-unfinished",
                   (silent ? "It had printed nothing after " : "It was not done after ") + seconds +
                       " s, and was stopped.");
  out.help.stderr_lines = result.seen.standard_error.last(base::limits::stderr_lines_kept);
  return out;
}

// What is taken all the same, but should not be relied on.
script_finding deviation(trace::recorded_remark const& remark) {
  auto out =
      found(severity::note, "trial-strays", "It deviates from RFC 3875: " + remark.text + ".");
  if (remark.reason == "content-over-length")
    out = found(severity::warning, "trial-over-length", "It " + remark.text + ".");
  return out;
}

script_finding incomplete(trace::recording const& seen) {
  auto out = found(severity::error, "trial-incomplete", "Its answer broke off.");
  for (auto const& remark : seen.remarks) {
    if (remark.failed) out.help.explanation = "It " + remark.text + ".";
  }
  return out;
}

// A template would be ready when the trial is over.
config::options started_cold(config::options chosen) {
  chosen.site.warm_templates = 0;
  return chosen;
}

}  // namespace

struct trial::parts {
  parts(config::options const& chosen, std::chrono::milliseconds time)
      : shared(chosen), what(started_cold(chosen), shared), limit(time) {
    boost::asio::ip::address const here = boost::asio::ip::address_v4::loopback();
    client = {{here, 0}, {here, chosen.server.port}};
    what.trace_to(exchange);
    ::signal(SIGPIPE, SIG_IGN);
    shared.get_ready(chosen.server.threads, app::make_filter(chosen.server));
    what.get_ready(chosen);
  }

  trace::latest_exchange exchange;
  life::shared_resources shared;
  app::sites what;
  http::peer client;
  std::chrono::milliseconds limit;
};

trial::trial(config::options const& chosen, std::chrono::milliseconds limit)
    : parts_(std::make_unique<parts>(chosen, limit)) {}

trial::~trial() {
  parts_->shared.launcher()->signal_all(SIGKILL);
}

trial_result trial::get(std::string const& path) {
  boost::asio::io_context loop{1};
  net::in_process_answer answer;
  static_cast<void>(parts_->exchange.take());
  boost::asio::co_spawn(
      loop,
      net::answer_in_process(std::make_shared<net::service const>(parts_->what.service()),
                             parts_->client, request_for(path, parts_->client),
                             {.in_all = parts_->limit}),
      [&](std::exception_ptr const& failed, base::result<net::in_process_answer> const& outcome) {
        if (failed) std::rethrow_exception(failed);
        if (outcome.has_value()) answer = *outcome;
      });
  loop.run();
  return {parts_->exchange.take(), answer.cut, parts_->limit};
}

std::vector<script_finding> trial_findings(trial_result const& result) {
  auto const& seen = result.seen;
  std::vector<script_finding> out;
  if (result.cut) {
    out.push_back(unfinished(result));
    return out;
  }
  if (seen.error) {
    out.push_back(refused(*seen.error));
    return out;
  }
  for (auto const& remark : seen.remarks) {
    if (!remark.failed) out.push_back(deviation(remark));
  }
  if (!seen.complete) out.push_back(incomplete(seen));
  if (seen.complete && seen.end && seen.end->wait_status != 0) {
    out.push_back(found(severity::warning, "trial-exit-status",
                        "It answered, and then " + base::exit_text(seen.end->wait_status) + "."));
  }
  if (seen.status >= 500) {
    out.push_back(found(severity::warning, "trial-server-error",
                        "It answered with status " + std::to_string(seen.status) + "."));
  }
  if (!seen.standard_error.empty()) {
    out.push_back(found(severity::note, "trial-stderr", "It wrote to standard error."));
    out.back().help.stderr_lines = seen.standard_error.last(base::limits::stderr_lines_kept);
  }
  return out;
}

}  // namespace gatehouse::commands
