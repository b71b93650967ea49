#include "gatehouse/remote/answer_decoder.hpp"

#include <algorithm>
#include <cstring>

namespace gatehouse::remote {

std::size_t answer_decoder::decode(char* bytes, std::size_t size) {
  trace::recorder const trace(trace_);
  std::size_t output = size;
  if (how_ == protocol::fastcgi) {
    output = decode_records(bytes, size);
  } else {
    trace(trace::record_passed{trace::record_passed::from_application, unframed_answer, size});
    if (!status_line_.decided()) {
      left_over_ = status_line_.push({bytes, size});
      output = take_left_over(boost::asio::buffer(bytes, size));
    }
  }
  put_out_ += output;
  if (output > 0) trace(trace::stdout_bytes{{bytes, output}});
  return output;
}

std::size_t answer_decoder::decode_records(char* bytes, std::size_t size) {
  using kind = fastcgi::piece::kind;
  trace::recorder const trace(trace_);
  std::string_view left(bytes, size);
  std::size_t output = 0;
  while (!left.empty()) {
    auto const got = records_.next(left);
    if (got.has_error()) {
      // Bytes that nobody asked for behind a whole answer spoil the connection, not the answer.
      surplus_ = got.error() == fastcgi::fault::after_the_end;
      if (!surplus_) fault_ = got.error();
      return output;
    }
    if (!*got) break;
    auto const& piece = **got;
    if (piece.what == kind::record && trace) {
      auto const name = fastcgi::name_of(piece.type);
      trace(trace::record_passed{trace::record_passed::from_application, name, piece.length,
                                 request_id_of(how_)});
    }
    if (piece.what == kind::errors) on_errors_(piece.bytes);
    if (piece.what == kind::end) end_ = piece.ended;
    if (piece.what != kind::output) continue;
    if (piece.bytes.data() != bytes + output)
      std::memmove(bytes + output, piece.bytes.data(), piece.bytes.size());
    output += piece.bytes.size();
  }
  return output;
}

void answer_decoder::end_of_connection() {
  left_over_ += status_line_.end();
  put_out_ += left_over_.size();
}

std::size_t answer_decoder::take_left_over(boost::asio::mutable_buffer into) {
  auto const size = std::min(left_over_.size(), into.size());
  std::memcpy(into.data(), left_over_.data(), size);
  left_over_.erase(0, size);
  return size;
}

void answer_decoder::restart() {
  records_ = {};
  status_line_ = {};
  end_.reset();
}

}  // namespace gatehouse::remote
