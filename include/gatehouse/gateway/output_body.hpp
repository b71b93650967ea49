#pragma once
// The content of a program's answer: what came along with its header, then the rest of its output.
// Where the content ends is said by the program (Content-Length, chunks) or else by the end of its
// output; and an answer that a program did not bring to its end is not given as a whole one.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gatehouse/gateway/responder.hpp"
#include "gatehouse/http/body_source.hpp"
#include "gatehouse/http/chunk_decoder.hpp"
#include "gatehouse/http/exchange.hpp"

namespace gatehouse::gateway {

// How a program says where its content ends.
struct content_framing {
  std::optional<std::uint64_t> length;  // It has promised so many bytes.
  bool chunked = false;                 // It prints chunks, which are decoded here.
  bool discarded = false;               // Nobody is sent the content: it does not matter.
};

class output_body final : public http::body_source {
 public:
  // first: what came along with the header. context: of the exchange, outlives the body.
  output_body(std::unique_ptr<responder> program, std::string first, content_framing framing,
              http::exchange_context& context);

  enum class beginning {
    content,  // Some content is at hand.
    end,      // The output has ended without any.
    later,    // The time is over.
  };
  // Suspends until it can tell how the content begins, for at most `limit`. Before the first
  // read_some(). Errors: those of responder::read_output, and errc::truncated for chunks that are
  // none or break off before any content.
  base::task<base::result<beginning>> begin(std::chrono::steady_clock::duration limit);

  // errc::truncated where the program did not bring the content to its end: it printed less than it
  // had promised, its chunks broke off, or it was ended by a signal. The log has the reason.
  base::task<base::result<std::size_t>> read_some(boost::asio::mutable_buffer buffer) override;
  std::size_t available() const override { return ready_.size() - taken_; }
  bool has_ended() override;
  base::task<void> finish() override;

  responder& program() { return *program_; }

 private:
  base::task<base::result<std::size_t>> read_chunks(boost::asio::mutable_buffer buffer);
  base::result<std::size_t> decode(boost::asio::mutable_buffer buffer);
  base::task<base::result<std::size_t>> end_of_content();
  std::size_t take_ready(boost::asio::mutable_buffer buffer);
  std::size_t within_length(std::size_t printed);
  void log_read_failure(base::error_code const& why);
  enum class answer { whole, cut_short };
  void log_failure(std::string_view reason, std::string const& what, std::string const& remark,
                   answer given);
  void log_surplus() const;

  std::unique_ptr<responder> program_;
  content_framing framing_;
  http::exchange_context& context_;
  std::string ready_;  // content that has been read ahead
  std::size_t taken_ = 0;
  std::string encoded_;  // output that has not been decoded yet
  http::chunk_decoder decoder_;
  std::uint64_t printed_ = 0;  // content that the program has printed so far
  bool output_ended_ = false;
  bool failure_logged_ = false;
};

}  // namespace gatehouse::gateway
