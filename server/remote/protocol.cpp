#include "gatehouse/remote/protocol.hpp"

#include <algorithm>
#include <cstring>

#include "gatehouse/scgi/request.hpp"

namespace gatehouse::remote {
namespace {

using fastcgi::record_type;

std::string fastcgi_head(std::span<gateway::meta_variable const> variables, bool has_body) {
  constexpr std::size_t usual_bytes = 2048;
  std::string pairs;
  pairs.reserve(usual_bytes);
  for (auto const& variable : variables) fastcgi::append_pair(pairs, variable.name, variable.value);
  std::string out;
  out.reserve(pairs.size() + usual_bytes);
  fastcgi::append_begin(out);
  fastcgi::append_stream(out, record_type::params, pairs);
  fastcgi::append_end(out, record_type::params);
  if (!has_body) fastcgi::append_end(out, record_type::standard_input);
  return out;
}

http::http_error refused(scgi::refusal why) {
  if (why == scgi::refusal::nul_byte) {
    return {.status = 400,
            .reason = "variable-nul",
            .detail = "a NUL in a variable, which would begin another one"};
  }
  return {.status = 431,
          .reason = "variables-too-large",
          .detail = "the request's variables are more than the 65535 bytes of a uwsgi packet"};
}

template <class Packet>
http::result<std::string> in_packet(Packet packet,
                                    std::span<gateway::meta_variable const> variables) {
  for (auto const& variable : variables) packet.add(variable.name, variable.value);
  auto out = packet.finish();
  if (out.has_error()) return refused(out.error());
  return std::move(*out);
}

}  // namespace

std::string_view name_of(protocol which) {
  switch (which) {
    case protocol::fastcgi:
      return "FastCGI";
    case protocol::scgi:
      return "SCGI";
    case protocol::uwsgi:
      break;
  }
  return "uwsgi";
}

http::result<std::string> encode_head(protocol which,
                                      std::span<gateway::meta_variable const> variables,
                                      std::optional<std::uint64_t> content_length) {
  auto const length = content_length.value_or(0);
  switch (which) {
    case protocol::fastcgi:
      return fastcgi_head(variables, length > 0);
    case protocol::scgi:
      return in_packet(scgi::scgi_packet(std::to_string(length)), variables);
    case protocol::uwsgi:
      break;
  }
  return in_packet(scgi::uwsgi_packet(), variables);
}

std::string_view frame_body(protocol which, char* piece, std::size_t size, more_body next) {
  if (which != protocol::fastcgi) return {piece, size};
  auto* begin = piece;
  auto* end = piece + size;
  if (size > 0) {
    auto const frame = fastcgi::frame_of(record_type::standard_input, size);
    begin -= frame.header.size();
    std::memcpy(begin, frame.header.data(), frame.header.size());
    end = std::fill_n(end, frame.padding, '\0');
  }
  if (next == more_body::ends) {
    auto const last = fastcgi::frame_of(record_type::standard_input, 0);
    end = std::copy(last.header.begin(), last.header.end(), end);
  }
  return {begin, static_cast<std::size_t>(end - begin)};
}

std::optional<unsigned> request_id_of(protocol which) {
  return which == protocol::fastcgi ? std::optional(fastcgi::own_request_id) : std::nullopt;
}

void report_sent(protocol which, std::string_view bytes, std::size_t head_bytes,
                 trace::recorder const& trace) {
  using trace::record_passed;
  if (!trace) return;
  if (which != protocol::fastcgi) {
    auto const* const name = which == protocol::scgi ? "netstring" : "packet";
    if (head_bytes > 0) trace(record_passed{record_passed::to_application, name, head_bytes});
    if (bytes.size() > head_bytes)
      trace(record_passed{record_passed::to_application, "body", bytes.size() - head_bytes});
    return;
  }
  while (bytes.size() >= fastcgi::header_bytes) {
    auto const record = fastcgi::read_own_header(bytes);
    auto const name = fastcgi::name_of(record.type);
    trace(record_passed{record_passed::to_application, name, record.content_bytes,
                        request_id_of(which)});
    bytes.remove_prefix(std::min(bytes.size(), record.whole_bytes));
  }
}

std::string abort_of(protocol which) {
  std::string out;
  if (which == protocol::fastcgi) fastcgi::append_abort(out);
  return out;
}

}  // namespace gatehouse::remote
