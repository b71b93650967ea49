#include "gatehouse/gateway/answer.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/gateway/failures.hpp"
#include "gatehouse/gateway/output_body.hpp"
#include "gatehouse/gateway/script_response.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::gateway {
namespace {

using program_ptr = std::unique_ptr<responder>;

// Reports each line of the script's header block with what the parser made of it.
void report_header_lines(std::string_view head, http::exchange_context const& context) {
  trace::recorder const trace(context);
  if (!trace) return;
  std::vector<header_use> uses;
  bool const sound = parse_response_head(head, &uses).has_value();
  for (auto const& use : uses) trace(trace::header_line{use.start, use.end, use.meaning});
  if (sound) trace(trace::header_block{head.size()});
}

// The output is accepted all the same. Its author learns of the deviation from the log and from
// whatever records the exchange.
void report_deviation(responder const& program, deviation const& what,
                      http::exchange_context const& context) {
  base::log::info(what.reason, program.log_name() + " " + what.text);
  trace::recorder const trace(context);
  trace(trace::remark{what.reason, what.text});
}

// What has been printed beyond what the parser took, as far as it has arrived.
std::string waiting_output(responder& program) {
  std::string out;
  std::array<char, base::limits::small_read_bytes> buffer;
  while (out.size() < base::limits::script_head_bytes) {
    auto const got = program.read_output_at_once(boost::asio::buffer(buffer));
    if (got.value_or(0) == 0) break;
    out.append(buffer.data(), *got);
  }
  return out;
}

// Adds to the error what the author of the program wants to know, and finishes the program.
// parser: null for a program that writes the whole response itself.
base::task<http::http_error> explained(http::http_error error, responder& program,
                                       script_response_parser const* parser) {
  auto said = co_await program.diagnosis();
  if (parser != nullptr) parser->explain(error, waiting_output(program));
  if (error.reason == "script-no-output" && said.explanation.empty()) {
    said.explanation =
        "Every response starts with at least one header, such as Content-Type: text/plain, and an "
        "empty line.";
  }
  if (!error.help.explanation.empty() && !said.explanation.empty()) error.help.explanation += ' ';
  error.help.explanation += said.explanation;
  if (!said.command.empty()) error.help.command = std::move(said.command);
  error.help.file = std::move(said.file);
  error.help.stderr_lines = std::move(said.stderr_lines);
  error.help.traceback = std::move(said.traceback);
  co_await program.finish();
  co_return error;
}

// Reads until the head is whole. The error says what came instead.
base::task<http::result<response_head>> read_head(responder& program,
                                                  script_response_parser& parser) {
  std::array<char, base::limits::head_read_bytes> buffer;
  while (true) {
    auto const read = co_await program.read_output(boost::asio::buffer(buffer));
    if (read.has_error()) co_return program.failure(read.error());
    if (*read == 0) co_return parser.ended();
    auto head = parser.push({buffer.data(), *read});
    if (head.has_error()) co_return head.error();
    if (head->has_value()) co_return std::move(**head);
  }
}

// A program that answers with a local redirect may still be running. Its output is read to the end,
// up to limits::surplus_bytes, before the redirect is followed.
base::task<base::error_code> drain(responder& program) {
  std::array<char, base::limits::small_read_bytes> buffer;
  for (std::size_t surplus = 0; surplus <= base::limits::surplus_bytes;) {
    auto const read = co_await program.read_output(boost::asio::buffer(buffer));
    if (read.has_error()) co_return read.error();
    if (*read == 0) break;
    surplus += *read;
  }
  co_return base::error_code{};
}

base::task<http::outcome> redirected(program_ptr program, response_head const& head,
                                     script_response_parser const& parser) {
  auto const error = co_await drain(*program);
  if (error) {
    auto problem = program->failure(error);
    auto told = co_await explained(std::move(problem), *program, &parser);
    co_return told;
  }
  co_await program->finish();
  co_return http::local_redirect{head.location};
}

// The error for a program that printed only its header and then failed: the reason serves its
// client better than an empty page. Returns nothing if the program did not fail.
base::task<std::optional<http::http_error>> failure_without_content(response_head const& head,
                                                                    responder& program) {
  if (head.status > 299 || head.status == 204 || head.status == 205) co_return std::nullopt;
  auto const end = co_await program.end();
  bool const failed = end.how == ending::broken || (end.how == ending::failed && end.wrote_errors);
  if (!failed) co_return std::nullopt;
  co_return script_failed(end.text);
}

// Waits for the content to begin. Returns the error if the program failed before that.
base::task<std::optional<http::http_error>> begin_content(output_body& body,
                                                          response_head const& head) {
  if (body.available() > 0) co_return std::nullopt;
  auto const begun = co_await body.begin(base::limits::head_hold);
  bool const no_chunks = begun.has_error() && begun.error() == base::errc::truncated;
  if (begun.has_error() && !no_chunks) co_return body.program().failure(begun.error());
  if (begun.has_value() && *begun != output_body::beginning::end) co_return std::nullopt;
  auto failed = co_await failure_without_content(head, body.program());
  if (!failed && no_chunks) failed = bad_chunks();
  co_return failed;
}

http::response make_response(response_head head, std::unique_ptr<output_body> body) {
  http::response response;
  response.status = head.status;
  response.phrase = std::move(head.phrase);
  response.fields = std::move(head.fields);
  response.body = http::stream{std::move(body), head.content_length};
  return response;
}

// Makes the response of a sound head and the content that follows it.
base::task<http::outcome> with_content(program_ptr program, response_head head,
                                       script_response_parser const& parser, bool is_head,
                                       http::exchange_context& context) {
  content_framing const framing{.length = head.content_length,
                                .chunked = head.chunked,
                                .discarded = is_head || head.status == 204 || head.status == 304};
  auto body = std::make_unique<output_body>(std::move(program), std::string(parser.rest()), framing,
                                            context);
  std::optional<http::http_error> problem;
  if (!framing.discarded) problem = co_await begin_content(*body, head);
  if (problem) {
    auto told = co_await explained(std::move(*problem), body->program(), &parser);
    co_return told;
  }
  if (body->available() > 0 && !head.has_content_type && !framing.discarded)
    report_deviation(body->program(), {"script-no-content-type", "its content has no Content-Type"},
                     context);
  auto response = make_response(std::move(head), std::move(body));
  co_return response;
}

// The status in a response that a program wrote itself, for the log; 200 if there is none.
unsigned raw_status(std::string_view output) {
  auto const space = output.find(' ');
  if (!output.starts_with("HTTP/") || space == std::string_view::npos) return 200;
  return static_cast<unsigned>(http::parse_decimal(output.substr(space + 1, 3)).value_or(200));
}

}  // namespace

base::task<http::outcome> read_answer(program_ptr program, http::request const& request,
                                      http::exchange_context& context) {
  script_response_parser parser;
  auto head = co_await read_head(*program, parser);
  report_header_lines(parser.head(), context);
  http::outcome answer;
  if (head.has_error()) {
    auto told = co_await explained(head.error(), *program, &parser);
    co_return told;
  }
  for (auto const& each : head->deviations) report_deviation(*program, each, context);
  if (head->kind == response_kind::local_redirect) {
    answer = co_await redirected(std::move(program), *head, parser);
  } else {
    answer = co_await with_content(std::move(program), std::move(*head), parser, request.is_head(),
                                   context);
  }
  co_return answer;
}

base::task<http::outcome> read_raw_answer(program_ptr program, http::exchange_context& context) {
  std::array<char, base::limits::head_read_bytes> buffer;
  auto const read = co_await program->read_output(boost::asio::buffer(buffer));
  if (read.has_error() || *read == 0) {
    auto problem = read.has_error() ? program->failure(read.error())
                                    : script_response_parser().ended().error();
    auto told = co_await explained(std::move(problem), *program, nullptr);
    co_return told;
  }
  http::response response;
  std::string first(buffer.data(), *read);
  response.status = raw_status(first);
  response.raw = response.close = true;
  response.body = http::stream{std::make_unique<output_body>(std::move(program), std::move(first),
                                                             content_framing{}, context),
                               std::nullopt};
  co_return response;
}

}  // namespace gatehouse::gateway
