#include "gatehouse/fastcgi/records.hpp"

#include <algorithm>

namespace gatehouse::fastcgi {
namespace {

constexpr char version = 1;
constexpr std::uint8_t responder_role = 1;
constexpr std::uint8_t keep_connection = 1;
constexpr std::size_t end_request_bytes = 8;

char low_byte(std::size_t number) {
  return static_cast<char>(static_cast<unsigned char>(number & 0xFFU));
}

std::size_t padding_for(std::size_t content_bytes) {
  return (8 - content_bytes % 8) % 8;
}

void append_record(std::string& out, record_type type, std::string_view content) {
  auto const frame = frame_of(type, content.size());
  out.append(frame.header.data(), frame.header.size()).append(content).append(frame.padding, '\0');
}

void append_length(std::string& out, std::size_t length) {
  if (length >= 128) {
    out += low_byte((length >> 24U) | 0x80U);
    out += low_byte(length >> 16U);
    out += low_byte(length >> 8U);
  }
  out += low_byte(length);
}

// Whether an application may send it. Records of management (request id 0) answer questions that
// are never asked here.
bool comes_from_application(record_type type) {
  return type == record_type::end_request || type == record_type::standard_output ||
         type == record_type::standard_error;
}

}  // namespace

std::string name_of(record_type type) {
  switch (type) {
    case record_type::begin_request:
      return "FCGI_BEGIN_REQUEST";
    case record_type::abort_request:
      return "FCGI_ABORT_REQUEST";
    case record_type::end_request:
      return "FCGI_END_REQUEST";
    case record_type::params:
      return "FCGI_PARAMS";
    case record_type::standard_input:
      return "FCGI_STDIN";
    case record_type::standard_output:
      return "FCGI_STDOUT";
    case record_type::standard_error:
      return "FCGI_STDERR";
  }
  return "type " + std::to_string(static_cast<unsigned>(type));
}

std::string_view text_of(fault what) {
  switch (what) {
    case fault::version:
      return "a record whose version is not 1";
    case fault::type:
      return "a record of a type that no application sends";
    case fault::request_id:
      return "a record of another request";
    case fault::length:
      return "an FCGI_END_REQUEST that has not 8 bytes";
    case fault::status:
      return "an FCGI_END_REQUEST with an unknown protocol status";
    case fault::after_the_end:
      break;
  }
  return "bytes behind FCGI_END_REQUEST";
}

int wait_status_of(end_request const& end) {
  return static_cast<int>((end.app_status & 0xFFU) << 8U);
}

record_frame frame_of(record_type type, std::size_t content_bytes) {
  auto const padding = padding_for(content_bytes);
  return {{version, static_cast<char>(type), 0, static_cast<char>(own_request_id),
           low_byte(content_bytes >> 8U), low_byte(content_bytes), low_byte(padding), 0},
          padding};
}

own_record read_own_header(std::string_view bytes) {
  auto const byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  auto const content = std::size_t{byte(4)} << 8U | byte(5);
  return {static_cast<record_type>(byte(1)), content, header_bytes + content + byte(6)};
}

void append_begin(std::string& out) {
  constexpr std::array<char, 8> content{0, responder_role, keep_connection};
  append_record(out, record_type::begin_request, {content.data(), content.size()});
}

void append_stream(std::string& out, record_type type, std::string_view bytes) {
  while (!bytes.empty()) {
    auto const size = std::min(bytes.size(), record_bytes);
    append_record(out, type, bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

void append_end(std::string& out, record_type type) {
  append_record(out, type, {});
}

void append_abort(std::string& out) {
  append_record(out, record_type::abort_request, {});
}

void append_pair(std::string& out, std::string_view name, std::string_view value) {
  append_length(out, name.size());
  append_length(out, value.size());
  out.append(name).append(value);
}

boost::system::result<std::optional<piece>, fault> record_decoder::next(std::string_view& bytes) {
  while (!bytes.empty()) {
    switch (state_) {
      case state::header: {
        auto const size = std::min(bytes.size(), header_bytes - taken_);
        std::copy_n(bytes.begin(), size, kept_.begin() + static_cast<std::ptrdiff_t>(taken_));
        bytes.remove_prefix(size);
        taken_ += size;
        if (taken_ < header_bytes) return std::optional<piece>();
        taken_ = 0;
        auto const begun = read_header();
        if (begun.has_error()) return begun.error();
        return std::optional(*begun);
      }
      case state::content: {
        if (type_ == record_type::end_request) {
          auto const ended = read_end(bytes);
          if (ended.has_error() || *ended) return ended;
          break;
        }
        auto const size = std::min(bytes.size(), content_left_);
        auto const kind =
            type_ == record_type::standard_output ? piece::kind::output : piece::kind::errors;
        piece const out{.what = kind, .bytes = bytes.substr(0, size)};
        bytes.remove_prefix(size);
        content_left_ -= size;
        if (content_left_ == 0) end_content();
        return std::optional(out);
      }
      case state::padding: {
        auto const size = std::min(bytes.size(), padding_left_);
        bytes.remove_prefix(size);
        padding_left_ -= size;
        if (padding_left_ == 0) state_ = has_end_ ? state::ended : state::header;
        break;
      }
      case state::ended:
        return fault::after_the_end;
    }
  }
  return std::optional<piece>();
}

boost::system::result<piece, fault> record_decoder::read_header() {
  if (kept_[0] != static_cast<unsigned char>(version)) return fault::version;
  type_ = static_cast<record_type>(kept_[1]);
  if (!comes_from_application(type_)) return fault::type;
  if ((kept_[2] << 8U | kept_[3]) != own_request_id) return fault::request_id;
  content_left_ = std::size_t{kept_[4]} << 8U | kept_[5];
  padding_left_ = kept_[6];
  if (type_ == record_type::end_request && content_left_ != end_request_bytes) return fault::length;
  piece const out{.what = piece::kind::record, .type = type_, .length = content_left_};
  state_ = state::content;
  if (content_left_ == 0) end_content();
  return out;
}

boost::system::result<std::optional<piece>, fault> record_decoder::read_end(
    std::string_view& bytes) {
  auto const size = std::min(bytes.size(), content_left_);
  std::copy_n(bytes.begin(), size, kept_.begin() + static_cast<std::ptrdiff_t>(taken_));
  bytes.remove_prefix(size);
  taken_ += size;
  content_left_ -= size;
  if (content_left_ > 0) return std::optional<piece>();
  taken_ = 0;
  if (kept_[4] > static_cast<unsigned char>(protocol_status::unknown_role)) return fault::status;
  end_.app_status = std::uint32_t{kept_[0]} << 24U | std::uint32_t{kept_[1]} << 16U |
                    std::uint32_t{kept_[2]} << 8U | kept_[3];
  end_.status = static_cast<protocol_status>(kept_[4]);
  has_end_ = true;
  end_content();
  return std::optional(piece{.what = piece::kind::end, .ended = end_});
}

void record_decoder::end_content() {
  state_ = padding_left_ > 0 ? state::padding : has_end_ ? state::ended : state::header;
}

}  // namespace gatehouse::fastcgi
