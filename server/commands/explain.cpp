#include "gatehouse/commands/explain.hpp"

#include <signal.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <iostream>
#include <iterator>

#include "gatehouse/app/containment.hpp"
#include "gatehouse/app/kept_programs.hpp"
#include "gatehouse/app/sites.hpp"
#include "gatehouse/base/escape.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/commands/application_review.hpp"
#include "gatehouse/config/bind_address.hpp"
#include "gatehouse/config/directories.hpp"
#include "gatehouse/config/option_values.hpp"
#include "gatehouse/life/privileges.hpp"
#include "gatehouse/net/in_process.hpp"
#include "gatehouse/show/application_text.hpp"
#include "gatehouse/show/explanation.hpp"
#include "gatehouse/show/recording_json.hpp"
#include "gatehouse/show/replay.hpp"
#include "gatehouse/show/terminal.hpp"
#include "gatehouse/show/typed_request.hpp"
#include "gatehouse/show/verdict.hpp"

namespace gatehouse::commands {
namespace {

constexpr std::uint16_t usual_port = 8000;
constexpr std::uint16_t client_port = 49152;  // the first of the dynamic ones (RFC 6335, 6)

enum class form { text, json, shell };

// What the command line asks for.
struct question {
  form as = form::text;
  bool run = false;
  std::string request;     // raw bytes
  std::string body;        // of them
  config::options chosen;  // with its directories resolved
};

// What has become of the exchange.
struct finding {
  trace::recording recording;
  net::in_process_answer answer;
  bool not_started = false;  // what should have answered
};

template <class T>
using or_error = std::variant<T, config::usage_error>;

or_error<std::string> all_of(std::istream& from, std::string_view name) {
  std::string bytes{std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>()};
  if (from.bad()) return config::error_line("--data", config::in_quotes(name) + " cannot be read");
  return bytes;
}

// TEXT, @FILE, or @- for standard input.
or_error<std::string> read_data(std::string const& value) {
  if (!value.starts_with('@')) return value;
  std::string const name = value.substr(1);
  if (name == "-") return all_of(std::cin, "standard input");
  std::ifstream file(name, std::ios::binary);
  std::error_code ec;
  bool const is_directory = std::filesystem::is_directory(name, ec);
  if (!file || is_directory)
    return config::error_line("--data", config::in_quotes(name) + " cannot be read");
  return all_of(file, name);
}

or_error<form> read_form(command_call const& call) {
  if (call.has("json") && call.has("as-shell")) {
    return config::error_line("", "--json and --as-shell do not go together");
  }
  return call.has("json") ? form::json : call.has("as-shell") ? form::shell : form::text;
}

std::uint16_t port_of(config::server_options const& server) {
  return server.port == 0 ? usual_port : server.port;
}

or_error<question> read_question(command_call const& call) {
  question out;
  auto const as = read_form(call);
  if (auto const* wrong = std::get_if<config::usage_error>(&as)) return *wrong;
  out.as = std::get<form>(as);
  out.run = call.has("run");

  show::typed_request typed{call.words.front(),
                            call.value("method"),
                            call.values("header"),
                            {},
                            port_of(call.chosen.server)};
  if (auto const data = call.value("data")) {
    auto body = read_data(*data);
    if (auto const* wrong = std::get_if<config::usage_error>(&body)) return *wrong;
    out.body = std::get<std::string>(body);
    typed.body = out.body;
  }
  auto bytes = show::request_bytes(typed);
  if (auto const* wrong = std::get_if<config::usage_error>(&bytes)) return *wrong;
  out.request = std::get<std::string>(std::move(bytes));

  auto chosen = config::resolve_directories(call.chosen);
  if (auto const* wrong = std::get_if<config::usage_error>(&chosen)) return *wrong;
  out.chosen = std::get<config::options>(std::move(chosen));
  // The explanation has what a script writes on stderr, so the log need not repeat it.
  if (!call.has("log-level")) out.chosen.server.log_level = base::log::level::off;
  return out;
}

// Becomes the user that the server would become, because that user runs programs and reads files.
std::optional<config::usage_error> become_user(config::server_options const& server) {
  auto const who = life::resolve_identity(server.user, server.group);
  if (auto const* wrong = std::get_if<config::usage_error>(&who)) return *wrong;
  auto const error = life::drop_privileges(std::get<life::identity>(who));
  if (!error) return std::nullopt;
  return life::cannot_become(server.user, server.group, error);
}

// A client on this machine.
http::peer client_of(config::server_options const& server) {
  boost::asio::ip::address client = boost::asio::ip::address_v4::loopback();
  auto const found = config::bind_addresses(server);
  auto const* const all = std::get_if<std::vector<boost::asio::ip::address>>(&found);
  auto const bound = all != nullptr ? all->front() : client;
  if (bound.is_v6()) client = boost::asio::ip::address_v6::loopback();
  return {{client, client_port}, {bound.is_unspecified() ? client : bound, port_of(server)}};
}

// Programs have groups of their own, which a Ctrl+C does not reach, so this kills them.
void stop_on_signal(boost::asio::signal_set& signals, life::shared_resources& shared) {
  signals.async_wait([&shared](boost::system::error_code const& ec, int signal) {
    if (ec) return;
    shared.launcher()->signal_all(SIGKILL);
    ::_exit(128 + signal);
  });
}

// Sends the request, and waits for its answer and its end.
finding answer_of(question const& q, boost::asio::io_context& loop, app::sites& asked,
                  trace::latest_exchange& exchange, std::chrono::milliseconds limit) {
  finding out;
  bool answered = false;
  net::in_process_limits limits;
  limits.in_all = limit;
  boost::asio::co_spawn(
      loop,
      net::answer_in_process(std::make_shared<net::service const>(asked.service()),
                             client_of(q.chosen.server), q.request, limits),
      [&](std::exception_ptr const& failed, base::result<net::in_process_answer> answer) {
        if (failed) std::rethrow_exception(failed);
        out.answer = std::move(answer).value();
        answered = true;
      });
  while (!answered) loop.run_one();
  auto const until = std::chrono::steady_clock::now() + base::limits::last_report_wait;
  while (!exchange.kept().done && std::chrono::steady_clock::now() < until)
    loop.run_one_until(until);
  out.recording = exchange.take();
  return out;
}

// Completes the recording of a program that was described but not run: adds what it would read, and
// removes the answer that the request got without it.
void finish_description(trace::recording& r, std::string const& body) {
  r.error.reset();
  r.response_head = r.response_body = {};
  r.framing.clear();
  r.status = 0;
  r.complete = false;
  r.times = {};
  r.standard_input = {};
  r.standard_input.add(body, body.size());
}

// Starts the workers that the request goes to; gives why they cannot be. What an interpreter's
// extension leads to has no mapping: then all are started.
std::optional<http::http_error> start_workers(finding const& described, app::sites& asked) {
  auto const& route = described.recording.route;
  auto const& what = described.recording.application;
  auto const pool = route ? asked.pool_at(route->prefix) : nullptr;
  if (!pool && (!what || !show::is_kept_by_us(*what))) return std::nullopt;
  auto const wrong = pool ? app::start_programs_now(*pool) : app::start_programs_now(asked);
  if (!wrong) return std::nullopt;
  std::string python = "python3";
  for (auto const& f : what ? what->facts : std::vector<trace::fact>()) {
    if (f.name == "python") python = f.value;
  }
  bool const imported = what && what->protocol == "WSGI";
  auto const why = imported ? import_finding(python, *wrong) : start_finding(*wrong);
  http::http_error out{.status = 503, .reason = why.reason};
  out.help = why.help;
  return out;
}

// Where there are programs that are kept in memory, the request is only described first: that tells
// which of them it needs.
finding ask(question const& q, life::shared_resources& shared, app::sites& asked) {
  trace::latest_exchange exchange;
  asked.trace_to(exchange);
  boost::asio::io_context loop{1};
  finding described;
  if (!q.run || asked.keeps_programs())
    described = answer_of(q, loop, asked, exchange, base::limits::explained_time);
  if (!q.run) return described;
  loop.restart();
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  stop_on_signal(signals, shared);
  shared.get_ready(q.chosen.server.threads, app::make_filter(q.chosen.server));
  asked.get_ready(q.chosen);
  if (auto wrong = start_workers(described, asked)) {
    finish_description(described.recording, q.body);
    described.recording.error = std::move(wrong);
    described.not_started = true;
    return described;
  }
  return answer_of(q, loop, asked, exchange, base::limits::explained_run_time);
}

// Whether a program answers: one that is started for the request, or is told variables in memory.
bool asks_program(trace::recording const& r) {
  return r.program || !r.variables.empty();
}

bool went_well(trace::recording const& r, bool run) {
  if (r.error) return false;
  return !run || show::outcome_of(r) == show::outcome::answered;
}

int print_shell(finding const& found, std::string const& body) {
  if (!found.recording.program) {
    std::string line = "no program is run for this request";
    if (found.recording.error) line += ": " + std::string(found.recording.error->reason);
    std::cerr << config::error_line("--as-shell", line).line << std::endl;
    return command_found_faults;
  }
  std::cout << show::shell_command(found.recording, body) << '\n';
  return command_done;
}

void print(question const& q, finding const& found) {
  if (q.as == form::json) {
    std::cout << base::json_for_terminals(
                     boost::json::serialize(show::exchange_json(found.recording)))
              << '\n';
    return;
  }
  std::optional<show::raw_response> response;
  if (q.run && !found.not_started) {
    auto const shown =
        std::string_view(found.answer.response).substr(0, base::limits::traced_bytes);
    response = show::raw_response{shown, found.answer.size};
  }
  std::cout << show::explanation(found.recording, response, show::shows_colours(STDOUT_FILENO));
  if (!q.run && asks_program(found.recording))
    std::cout << "\nThe program was not run: --run does.\n";
}

int answer(question const& q) {
  base::log::set_level(q.chosen.server.log_level);
  ::signal(SIGPIPE, SIG_IGN);
  if (auto const wrong = become_user(q.chosen.server)) {
    std::cerr << wrong->line << std::endl;
    return command_used_wrongly;
  }
  life::shared_resources shared(q.chosen);
  auto chosen = q.chosen;
  chosen.site.warm_templates = 0;  // one would be ready when the answer is there
  app::sites asked(chosen, shared);
  auto found = ask(q, shared, asked);
  if (!q.run && asks_program(found.recording)) finish_description(found.recording, q.body);
  bool const well = went_well(found.recording, q.run);
  if (q.as == form::shell) {
    auto const status = print_shell(found, q.body);
    return well ? status : command_found_faults;
  }
  print(q, found);
  return well ? command_done : command_found_faults;
}

}  // namespace

int explain_command(command_call const& call) {
  auto const q = read_question(call);
  if (auto const* wrong = std::get_if<config::usage_error>(&q)) {
    std::cerr << wrong->line << std::endl;
    return command_used_wrongly;
  }
  return answer(std::get<question>(q));
}

}  // namespace gatehouse::commands
