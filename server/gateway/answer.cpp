#include "gatehouse/gateway/answer.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/gateway/failures.hpp"
#include "gatehouse/gateway/script_response.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::gateway {
namespace {

using program_ptr = std::unique_ptr<responder>;

// What is read at a time on the way to a head, and on the way to telling whether more comes.
constexpr std::size_t head_piece_bytes = 16 * 1024;
constexpr std::size_t looked_ahead_bytes = 4096;

// The script's header block as the parser took it, line by line.
void report_header_lines(std::string_view head, http::exchange_context const& context) {
  trace::recorder const trace(context);
  if (!trace) return;
  std::vector<header_use> uses;
  bool const sound = parse_response_head(head, &uses).has_value();
  for (auto const& use : uses) trace(trace::header_line{use.start, use.end, use.meaning});
  if (sound) trace(trace::header_block{head.size()});
}

// The error with what the person who wrote the program wants to know about it. Finishes it.
base::task<http::http_error> explained(http::http_error error, responder& program,
                                       std::string output_excerpt) {
  auto said = co_await program.diagnosis();
  if (!error.help.explanation.empty() && !said.explanation.empty()) error.help.explanation += ' ';
  error.help.explanation += said.explanation;
  if (!said.command.empty()) error.help.command = std::move(said.command);
  error.help.stderr_lines = std::move(said.stderr_lines);
  error.help.output_excerpt = std::move(output_excerpt);
  co_await program.finish();
  co_return error;
}

// The response's content: what was read along with the head, then the rest of the program's output.
class output_body final : public http::body_source {
 public:
  output_body(program_ptr program, std::string first)
      : program_(std::move(program)), first_(std::move(first)) {}

  base::task<base::result<std::size_t>> read_some(boost::asio::mutable_buffer buffer) override {
    if (auto const ready = std::min(at_hand(), buffer.size()); ready > 0) {
      std::memcpy(buffer.data(), first_.data() + taken_, ready);
      taken_ += ready;
      co_return ready;
    }
    auto const read = co_await program_->read_output(buffer);
    co_return read;
  }
  std::size_t at_hand() const override { return first_.size() - taken_; }
  bool has_ended() override {
    if (at_hand() > 0) return false;
    first_.resize(looked_ahead_bytes);
    taken_ = 0;
    auto const got = program_->read_output_at_once(boost::asio::buffer(first_));
    first_.resize(got.value_or(0));
    return got && *got == 0;
  }
  base::task<void> finish() override { return program_->finish(); }

 private:
  program_ptr program_;
  std::string first_;
  std::size_t taken_ = 0;
};

// Reads on until the head is whole, or the error that stands for what came instead.
base::task<http::result<response_head>> read_head(responder& program,
                                                  script_response_parser& parser) {
  std::array<char, head_piece_bytes> buffer;
  while (true) {
    auto const read = co_await program.read_output(boost::asio::buffer(buffer));
    if (read.has_error()) co_return program.failure(read.error());
    if (*read == 0) co_return parser.ended();
    auto head = parser.push({buffer.data(), *read});
    if (head.has_error()) co_return head.error();
    if (head->has_value()) co_return std::move(**head);
  }
}

// A local redirect's program may still be at work: it is read to its end before its answer is
// followed, unless it goes on and on.
base::task<base::error_code> drain(responder& program) {
  std::array<char, looked_ahead_bytes> buffer;
  for (std::size_t surplus = 0; surplus <= base::limits::surplus_bytes;) {
    auto const read = co_await program.read_output(boost::asio::buffer(buffer));
    if (read.has_error()) co_return read.error();
    if (*read == 0) break;
    surplus += *read;
  }
  co_return base::error_code{};
}

base::task<http::outcome> redirected(program_ptr program, response_head const& head,
                                     std::string output_excerpt) {
  auto const error = co_await drain(*program);
  if (error) {
    auto problem = program->failure(error);
    auto told = co_await explained(std::move(problem), *program, std::move(output_excerpt));
    co_return told;
  }
  co_await program->finish();
  co_return http::local_redirect{head.location};
}

// The first bytes of the content. Content without a Content-Type is malformed (RFC 3875, 6.3.1),
// and only shows with its first byte.
base::task<http::result<std::string>> first_content(responder& program, response_head const& head,
                                                    std::string at_hand) {
  if (head.has_content_type) co_return at_hand;
  if (at_hand.empty()) {
    std::array<char, looked_ahead_bytes> buffer;
    auto const read = co_await program.read_output(boost::asio::buffer(buffer));
    if (read.has_error()) co_return program.failure(read.error());
    if (*read == 0) co_return at_hand;
  }
  co_return no_content_type();
}

http::response make_response(response_head head, program_ptr program, std::string first) {
  http::response response;
  response.status = head.status;
  response.phrase = std::move(head.phrase);
  response.fields = std::move(head.fields);
  response.body = http::stream{std::make_unique<output_body>(std::move(program), std::move(first)),
                               head.content_length};
  return response;
}

// The status of a response that a program wrote itself, for the log; 200 if it cannot be told.
unsigned raw_status(std::string_view output) {
  auto const space = output.find(' ');
  if (!output.starts_with("HTTP/") || space == std::string_view::npos) return 200;
  return static_cast<unsigned>(http::parse_decimal(output.substr(space + 1, 3)).value_or(200));
}

}  // namespace

base::task<http::outcome> read_answer(program_ptr program, http::exchange_context const& context) {
  script_response_parser parser;
  auto head = co_await read_head(*program, parser);
  report_header_lines(parser.head(), context);
  if (head.has_error()) {
    auto error = co_await explained(head.error(), *program, parser.excerpt());
    co_return error;
  }
  if (head->kind == response_kind::local_redirect) {
    auto answer = co_await redirected(std::move(program), *head, parser.excerpt());
    co_return answer;
  }
  std::string at_hand(parser.rest());
  auto first = co_await first_content(*program, *head, std::move(at_hand));
  if (first.has_error()) {
    auto error = co_await explained(first.error(), *program, parser.excerpt());
    co_return error;
  }
  co_return make_response(std::move(*head), std::move(program), std::move(*first));
}

base::task<http::outcome> read_raw_answer(program_ptr program) {
  std::array<char, head_piece_bytes> buffer;
  auto const read = co_await program->read_output(boost::asio::buffer(buffer));
  if (read.has_error() || *read == 0) {
    auto problem =
        read.has_error() ? program->failure(read.error()) : script_response_parser().ended();
    auto told = co_await explained(std::move(problem), *program, {});
    co_return told;
  }
  http::response response;
  std::string first(buffer.data(), *read);
  response.status = raw_status(first);
  response.raw = response.close = true;
  response.body = http::stream{std::make_unique<output_body>(std::move(program), std::move(first)),
                               std::nullopt};
  co_return response;
}

}  // namespace gatehouse::gateway
