#include "gatehouse/scgi/request.hpp"

#include <algorithm>

namespace gatehouse::scgi {
namespace {

constexpr std::size_t uwsgi_header_bytes = 4;
constexpr std::size_t uwsgi_most_bytes = 65'535;

constexpr std::string_view http_1 = "HTTP/1.";
constexpr std::size_t version_bytes = http_1.size() + 2;  // "HTTP/1.1 "

char low_byte(std::size_t number) {
  return static_cast<char>(static_cast<unsigned char>(number & 0xFFU));
}

void append_with_size(std::string& out, std::string_view bytes) {
  out += low_byte(bytes.size());
  out += low_byte(bytes.size() >> 8U);
  out += bytes;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Whether these first bytes are, or may become, "HTTP/1.1 ".
bool may_be_version(std::string_view bytes) {
  auto const text = bytes.substr(0, http_1.size());
  if (text != http_1.substr(0, text.size())) return false;
  if (bytes.size() > http_1.size() && !is_digit(bytes[http_1.size()])) return false;
  return bytes.size() < version_bytes || bytes[version_bytes - 1] == ' ';
}

}  // namespace

scgi_packet::scgi_packet(std::string_view content_length) {
  append("CONTENT_LENGTH", content_length);
  append("SCGI", "1");
}

void scgi_packet::add(std::string_view name, std::string_view value) {
  if (name != "CONTENT_LENGTH" && name != "SCGI") append(name, value);
}

// A NUL in a value would begin a variable of the client's choice.
void scgi_packet::append(std::string_view name, std::string_view value) {
  sound_ = sound_ && name.find('\0') == std::string_view::npos &&
           value.find('\0') == std::string_view::npos;
  variables_.append(name).append(1, '\0').append(value).append(1, '\0');
}

boost::system::result<std::string, refusal> scgi_packet::finish() const {
  if (!sound_) return refusal::nul_byte;
  std::string out = std::to_string(variables_.size());
  out.reserve(out.size() + variables_.size() + 2);
  out.append(1, ':').append(variables_).append(1, ',');
  return out;
}

void uwsgi_packet::add(std::string_view name, std::string_view value) {
  // What is too large stays so, and its size of two bytes is never sent.
  append_with_size(packet_, name);
  append_with_size(packet_, value);
}

boost::system::result<std::string, refusal> uwsgi_packet::finish() const {
  auto const size = packet_.size() - uwsgi_header_bytes;
  if (size > uwsgi_most_bytes) return refusal::too_large;
  std::string out = packet_;
  out[1] = low_byte(size);
  out[2] = low_byte(size >> 8U);
  return out;
}

std::string_view status_line::push(std::string_view bytes) {
  if (decided_) return bytes;
  auto const wanted = std::min(bytes.size(), version_bytes - kept_.size());
  kept_ += bytes.substr(0, wanted);
  bool const possible = may_be_version(kept_);
  if (possible && kept_.size() < version_bytes) return {};
  decided_ = true;
  out_ = possible ? "Status: " : kept_;
  out_ += bytes.substr(wanted);
  return out_;
}

std::string_view status_line::end() {
  if (decided_) return {};
  decided_ = true;
  return kept_;
}

}  // namespace gatehouse::scgi
