#include "client.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <stdexcept>

#include "patience.hpp"

namespace wire {
namespace {

short wait_ready(int fd, short events) {
  pollfd waiting{fd, events, 0};
  auto const milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
  int const ready = ::poll(&waiting, 1, static_cast<int>(milliseconds));
  if (ready != 1) throw std::runtime_error("the server is silent");
  return waiting.revents;
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

reply parsed_head(std::string_view head) {
  reply out;
  auto const line_end = head.find("\r\n");
  auto const line = head.substr(0, line_end);
  if (line.size() < 13 || line[8] != ' ' || line[12] != ' ') {
    throw std::runtime_error("not a status line: " + std::string(line));
  }
  out.version = line.substr(0, 8);
  out.phrase = line.substr(13);
  std::from_chars(line.data() + 9, line.data() + 12, out.status);
  head.remove_prefix(line_end + 2);
  while (head != "\r\n") {
    auto const end = head.find("\r\n");
    auto const colon = head.find(": ");
    if (colon == std::string_view::npos || colon > end || colon == 0) {
      throw std::runtime_error("not a field line: " + std::string(head.substr(0, end)));
    }
    out.fields.emplace_back(head.substr(0, colon), head.substr(colon + 2, end - colon - 2));
    head.remove_prefix(end + 2);
  }
  return out;
}

void check_fields(reply const& response) {
  CAPTURE(response.status);
  CHECK(response.version == "HTTP/1.1");
  for (std::string const name :
       {"Content-Length", "Content-Type", "Transfer-Encoding", "Location", "ETag"}) {
    CAPTURE(name);
    CHECK(response.count(name) <= 1);
  }
  CHECK_FALSE((response.has("Content-Length") && response.has("Transfer-Encoding")));
  if (response.status < 200) {
    CHECK(response.fields.empty());
    return;
  }
  if (response.status == 204) CHECK_FALSE(response.has("Content-Length"));
  CHECK(response.count("Date") == 1);
  CHECK(response.count("Server") == 1);
}

framing framing_of(reply const& response, std::string_view method) {
  if (method == "HEAD" || response.status < 200 || response.status == 204 ||
      response.status == 304) {
    return framing::none;
  }
  if (response.has("Transfer-Encoding")) return framing::chunked;
  if (response.has("Content-Length")) return framing::content_length;
  return framing::close;
}

}  // namespace

std::string reply::field(std::string_view name) const {
  for (auto const& [field_name, value] : fields) {
    if (same(field_name, name)) return value;
  }
  return {};
}

std::size_t reply::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      fields.begin(), fields.end(), [&](auto const& f) { return same(f.first, name); }));
}

client::client(std::uint16_t port, int receive_buffer_bytes, char const* from) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer_bytes > 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  }
  int const on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (from != nullptr) {
    ::inet_pton(AF_INET, from, &address.sin_addr);
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd_);
    throw std::runtime_error("cannot connect");
  }
  ::fcntl(fd_, F_SETFL, O_NONBLOCK);
}

client::~client() {
  close();
}

bool client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    short const ready = wait_ready(fd_, at_end_ ? POLLOUT : POLLOUT | POLLIN);
    if ((ready & POLLOUT) == 0) {
      fill();
      if (was_reset_) return false;
      continue;
    }
    auto const n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return false;
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void client::half_close() {
  ::shutdown(fd_, SHUT_WR);
}

void client::reset() {
  linger const at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void client::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

reply client::read_reply(std::string_view method) {
  auto response = read_head();
  read_body(response, method);
  return response;
}

reply client::read_head() {
  auto response = parsed_head(read_until("\r\n\r\n"));
  check_fields(response);
  return response;
}

void client::read_body(reply& response, std::string_view method) {
  response.framing = framing_of(response, method);
  switch (response.framing) {
    case framing::none:
      response.whole = true;
      break;
    case framing::content_length: {
      auto const length = std::strtoull(response.field("Content-Length").c_str(), nullptr, 10);
      while (buffer_.size() < length && fill()) {
      }
      response.whole = buffer_.size() >= length;
      response.body = take(std::min<std::size_t>(length, buffer_.size()));
      break;
    }
    case framing::chunked:
      read_chunked(response);
      break;
    case framing::close:
      response.body = read_to_end();
      response.whole = !was_reset_;
      break;
  }
}

void client::read_chunked(reply& response) {
  while (true) {
    while (buffer_.find("\r\n") == std::string::npos) {
      if (!fill()) return;
    }
    auto const size = std::strtoull(read_until("\r\n").c_str(), nullptr, 16);
    while (buffer_.size() < size + 2) {
      if (!fill()) {
        response.body += take(std::min<std::size_t>(size, buffer_.size()));
        return;
      }
    }
    response.body += take(size);
    CHECK(take(2) == "\r\n");
    if (size == 0) break;
  }
  response.whole = true;
}

bool client::has_input() const {
  pollfd waiting{fd_, POLLIN, 0};
  return !buffer_.empty() || at_end_ || ::poll(&waiting, 1, 0) == 1;
}

std::string client::read_until(std::string_view text) {
  std::size_t from = 0;
  while (true) {
    auto const at = buffer_.find(text, from);
    if (at != std::string::npos) return take(at + text.size());
    from = buffer_.size() - std::min(buffer_.size(), text.size());
    if (!fill()) throw std::runtime_error("the connection ended after: " + buffer_);
  }
}

std::string client::read_exactly(std::size_t count) {
  while (buffer_.size() < count) {
    if (!fill()) throw std::runtime_error("the connection ended after: " + buffer_);
  }
  return take(count);
}

std::string client::read_some() {
  if (buffer_.empty()) fill();
  return take(buffer_.size());
}

std::string client::read_to_end() {
  while (fill()) {
  }
  return take(buffer_.size());
}

bool client::ends_here() {
  return buffer_.empty() && !fill();
}

bool client::fill() {
  if (at_end_) return false;
  while (true) {
    wait_ready(fd_, POLLIN);
    char bytes[65536];
    auto const n = ::recv(fd_, bytes, sizeof bytes, 0);
    if (n > 0) {
      buffer_.append(bytes, static_cast<std::size_t>(n));
      return true;
    }
    if (n < 0 && errno == EAGAIN) continue;
    was_reset_ = n < 0;
    at_end_ = true;
    return false;
  }
}

std::string client::take(std::size_t count) {
  std::string out = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return out;
}

std::string request(std::string_view method, std::string_view target, std::string_view fields,
                    std::string_view body) {
  std::string out;
  out.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: h\r\n").append(fields);
  if (!body.empty()) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return out.append("\r\n").append(body);
}

reply ask(std::uint16_t port, std::string_view method, std::string_view target,
          std::string_view fields, std::string_view body) {
  client connection(port);
  connection.send(request(method, target, fields, body));
  return connection.read_reply(method);
}

std::string chunked(std::string_view body, std::size_t chunk_bytes) {
  std::string out;
  while (!body.empty()) {
    auto const size = std::min(body.size(), chunk_bytes);
    char digits[32];
    auto const end = std::to_chars(digits, digits + sizeof digits, size, 16).ptr;
    out.append(digits, end).append("\r\n").append(body.substr(0, size)).append("\r\n");
    body.remove_prefix(size);
  }
  return out + "0\r\n\r\n";
}

}  // namespace wire
