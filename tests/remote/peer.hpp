#pragma once
// An application on the other end of a socket, which is obedient or hostile as its case wants: one
// process that serves one connection at a time.

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../temporary_directory.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/fastcgi/records.hpp"

namespace gatehouse::tests {

// A record as an application writes it, or one that none should write.
inline std::string record(int type, std::string const& content, int id = 1, int version = 1) {
  std::string out{static_cast<char>(version),
                  static_cast<char>(type),
                  '\0',
                  static_cast<char>(id),
                  static_cast<char>(content.size() >> 8U),
                  static_cast<char>(content.size() & 0xFFU),
                  '\0',
                  '\0'};
  return out + content;
}
inline std::string out(std::string const& text) {
  return record(6, text);
}
inline std::string err(std::string const& text) {
  return record(7, text);
}
inline std::string end(int app_status = 0, int protocol_status = 0) {
  std::string content(8, '\0');
  content[3] = static_cast<char>(app_status);
  content[4] = static_cast<char>(protocol_status);
  return record(3, content);
}
inline std::string answer(std::string const& body) {
  return out("Content-Type: text/plain\n\n" + body) + end();
}

// What came on a connection.
struct asked {
  std::map<std::string, std::string> params;
  std::string body;
  std::vector<std::string> records;  // the types, in the order in which they came
  bool whole = false;
  bool aborted = false;
};

class conversation {
 public:
  explicit conversation(int fd) : fd_(fd) {}

  // Reads a FastCGI request; not whole if the connection ends before.
  asked read_request() {
    asked out;
    std::string pairs;
    while (true) {
      auto const header = read(8);
      if (header.size() < 8) return out;
      auto const one = fastcgi::read_own_header(header);
      auto const content = read(one.whole_bytes - 8).substr(0, one.content_bytes);
      out.records.push_back(fastcgi::name_of(one.type));
      if (one.type == fastcgi::record_type::params) pairs += content;
      if (one.type == fastcgi::record_type::standard_input) out.body += content;
      if (one.type == fastcgi::record_type::abort_request) {
        out.aborted = true;
        return out;
      }
      if (one.type == fastcgi::record_type::standard_input && content.empty()) break;
    }
    out.params = parse(pairs);
    out.whole = true;
    return out;
  }

  // Up to so many bytes; fewer at the end.
  std::string read(std::size_t count) {
    std::string out(count, '\0');
    std::size_t got = 0;
    while (got < count) {
      auto const n = ::recv(fd_, out.data() + got, count - got, 0);
      if (n <= 0) break;
      got += static_cast<std::size_t>(n);
    }
    out.resize(got);
    return out;
  }

  // Blocks until there is something to read.
  void wait_for_bytes() {
    char first = 0;
    static_cast<void>(::recv(fd_, &first, sizeof first, MSG_PEEK));
  }

  void end_writing() { ::shutdown(fd_, SHUT_WR); }

  void read_to_end() {
    while (!read(4096).empty()) {
    }
  }

  void write(std::string_view bytes, std::size_t piece = static_cast<std::size_t>(-1)) {
    while (!bytes.empty()) {
      auto const n = ::send(fd_, bytes.data(), std::min(piece, bytes.size()), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

 private:
  static std::map<std::string, std::string> parse(std::string_view bytes) {
    std::map<std::string, std::string> out;
    auto const length = [&] {
      auto const byte = [&](std::size_t at) {
        return std::size_t{static_cast<unsigned char>(bytes.at(at))};
      };
      bool const is_long = byte(0) >= 128;
      auto const value =
          is_long ? (byte(0) & 0x7FU) << 24U | byte(1) << 16U | byte(2) << 8U | byte(3) : byte(0);
      bytes.remove_prefix(is_long ? 4 : 1);
      return value;
    };
    while (!bytes.empty()) {
      auto const name = length();
      auto const value = length();
      out[std::string(bytes.substr(0, name))] = bytes.substr(name, value);
      bytes.remove_prefix(name + value);
    }
    return out;
  }

  int fd_;
};

class peer {
 public:
  // play: is called for each connection, the first one is 0, and the connection is closed when it
  // returns. Null: nobody accepts.
  using play = std::function<void(conversation&, int connection)>;
  enum class transport { unix_socket, tcp };
  explicit peer(play how, int backlog = 64, transport over = transport::unix_socket)
      : play_(std::move(how)) {
    bool const listens = over == transport::tcp ? bind_tcp() : bind_unix();
    if (!listens || ::listen(listening_.get(), backlog) != 0)
      throw std::runtime_error("cannot listen");
    if (play_) thread_ = std::thread([this] { serve(); });
  }
  peer(peer const&) = delete;
  peer& operator=(peer const&) = delete;
  ~peer() {
    over_ = true;
    ::shutdown(listening_.get(), SHUT_RDWR);
    if (int const fd = current_; fd >= 0) ::shutdown(fd, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }

  std::string path() const { return (directory_.path() / "peer").string(); }
  // As --map takes it.
  std::string address() const {
    return port_ > 0 ? "127.0.0.1:" + std::to_string(port_) : "unix:" + path();
  }
  int connections() const { return connections_; }

  // Blocks until so many connections were closed.
  void wait_until_closed(int count) {
    std::unique_lock lock(mutex_);
    one_closed_.wait(lock, [&] { return closed_ >= count; });
  }

  static sockaddr_un address_of(std::string const& path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), std::begin(name.sun_path));
    return name;
  }

 private:
  bool bind_unix() {
    listening_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto const name = address_of(path());
    return ::bind(listening_.get(), reinterpret_cast<sockaddr const*>(&name), sizeof name) == 0;
  }

  bool bind_tcp() {
    listening_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const any = reinterpret_cast<sockaddr*>(&name);
    socklen_t size = sizeof name;
    if (::bind(listening_.get(), any, size) != 0) return false;
    if (::getsockname(listening_.get(), any, &size) != 0) return false;
    port_ = ntohs(name.sin_port);
    return true;
  }

  void serve() {
    while (!over_) {
      base::unique_fd one(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!one) return;
      current_ = one.get();
      conversation with(one.get());
      play_(with, connections_++);
      current_ = -1;
      one.reset();
      std::lock_guard const lock(mutex_);
      ++closed_;
      one_closed_.notify_all();
    }
  }

  temporary_directory directory_;
  play play_;
  base::unique_fd listening_;
  int port_ = 0;  // 0: a Unix socket
  std::atomic<bool> over_ = false;
  std::atomic<int> connections_ = 0;
  std::atomic<int> current_ = -1;
  std::mutex mutex_;
  std::condition_variable one_closed_;
  int closed_ = 0;  // guarded by the mutex
  std::thread thread_;
};

}  // namespace gatehouse::tests
