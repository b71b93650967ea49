#include "gatehouse/http/chunk_decoder.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <cstring>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/silent_parser.hpp"

namespace gatehouse::http {

namespace beast_http = boost::beast::http;

// Beast's parser for whole requests, past the head of a request with a chunked body.
class chunk_decoder::parser final : public silent_parser {
 public:
  explicit parser(std::uint64_t limit_bytes) {
    constexpr std::string_view head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    eager(false);
    body_limit(limit_bytes);
    header_limit(base::limits::chunk_framing_bytes);
    error_code ec;
    put(boost::asio::buffer(head), ec);
  }

  char* out = nullptr;
  std::size_t room = 0;

 private:
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code& ec) override {
    ec = {};
    auto const size = std::min(body.size(), room);
    std::memcpy(out, body.data(), size);
    out += size;
    room -= size;
    return size;
  }
  void on_chunk_header_impl(std::uint64_t, string_view extensions, error_code& ec) override {
    ec = {};
    auto const is_control = [](char c) {
      return static_cast<unsigned char>(c) < 0x20 && c != '\t';
    };
    if (std::any_of(extensions.begin(), extensions.end(), is_control)) {
      ec = beast_http::error::bad_chunk_extension;
    }
  }
};

chunk_decoder::chunk_decoder(std::uint64_t limit_bytes)
    : parser_(std::make_unique<parser>(limit_bytes)) {}
chunk_decoder::chunk_decoder(chunk_decoder&&) noexcept = default;
chunk_decoder& chunk_decoder::operator=(chunk_decoder&&) noexcept = default;
chunk_decoder::~chunk_decoder() = default;

base::result<chunk_decoder::step> chunk_decoder::decode(std::string_view in, char* out,
                                                        std::size_t out_size) {
  parser_->out = out;
  parser_->room = out_size;
  std::size_t consumed = 0;
  while (!parser_->is_done() && parser_->room > 0 && consumed < in.size()) {
    boost::beast::error_code ec;
    auto const rest = in.substr(consumed);
    consumed += parser_->put(boost::asio::buffer(rest), ec);
    if (ec == beast_http::error::need_more) {
      if (rest.size() > base::limits::chunk_framing_bytes) return base::errc::malformed_body;
      break;
    }
    if (ec == beast_http::error::body_limit) return base::errc::body_too_large;
    if (ec) return base::errc::malformed_body;
  }
  return step{consumed, out_size - parser_->room};
}

bool chunk_decoder::done() const {
  return parser_->is_done();
}

}  // namespace gatehouse::http
