// A client that forgives nothing: requests PORT COUNT CLIENTS FILE.
//
// Sends so many requests for /small.txt (whose content FILE has) and, one in 200, for
// /cgi-bin/exact, from so many clients at once. Three in four keep their connection until the
// server says that an answer is the last on it; the others make one for each request. Nothing is
// tried again: an answer that is not there, not whole or not exact is a failure. Prints a line with
// the number of answers at each hundredth of them, and at the end the failures and the time.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr int shown_failures = 10;
constexpr int script_share = 200;      // one request in so many
constexpr int new_one_share = 4;       // one client in so many does not keep its connections
constexpr timeval patience = {60, 0};  // far more than any answer takes

struct wanted {
  std::uint16_t port;
  long count;
  std::string small;
};

std::atomic<long> begun = 0;
std::atomic<long> answered = 0;
std::atomic<long> failed = 0;
std::mutex printing;

void fail(std::string_view what) {
  if (++failed > shown_failures) return;
  std::lock_guard const lock(printing);
  std::cerr << "failed: " << what << std::endl;
}

void note_answer(long count) {
  long const now = ++answered;
  long const step = std::max(1L, count / 100);
  if (now % step != 0) return;
  std::lock_guard const lock(printing);
  std::cout << now << std::endl;
}

// One connection. Its port must not wait for the other end's last packets: there are not enough.
class connection {
 public:
  connection(std::uint16_t port, std::uint32_t from) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    int const on = 1;
    linger const at_once{1, 0};
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(from);
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    there.sin_port = htons(port);
    is_open_ = ::bind(fd_, reinterpret_cast<sockaddr*>(&here), sizeof here) == 0 &&
               ::connect(fd_, reinterpret_cast<sockaddr*>(&there), sizeof there) == 0;
  }
  connection(connection const&) = delete;
  connection& operator=(connection const&) = delete;
  ~connection() { ::close(fd_); }

  bool is_open() const { return is_open_; }
  // Whether the server said that no more answers follow.
  bool is_last() const { return last_; }

  // The content of the answer; nothing was or not all of it if why is set.
  std::string ask(std::string_view target, std::string& why) {
    std::string const text = "GET " + std::string(target) + " HTTP/1.1\r\nHost: stress\r\n\r\n";
    if (::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) {
      why = "the request cannot be sent";
      return {};
    }
    got_.clear();
    std::size_t head = 0;
    while ((head = got_.find("\r\n\r\n")) == std::string::npos) {
      if (!read(why)) return {};
    }
    std::string_view const lines = std::string_view(got_).substr(0, head + 2);
    if (!lines.starts_with("HTTP/1.1 200 ")) why = "answered " + std::string(lines.substr(0, 40));
    last_ = lines.find("\r\nConnection: close\r\n") != std::string_view::npos;
    auto const at = lines.find("\r\nContent-Length: ");
    if (at == std::string_view::npos) {
      why = "no Content-Length";
      return {};
    }
    auto const size = static_cast<std::size_t>(std::atol(got_.c_str() + at + 18));
    while (got_.size() < head + 4 + size) {
      if (!read(why)) return {};
    }
    return got_.substr(head + 4);
  }

 private:
  bool read(std::string& why) {
    char buffer[8192];
    auto const size = ::recv(fd_, buffer, sizeof buffer, 0);
    if (size > 0) {
      got_.append(buffer, static_cast<std::size_t>(size));
      return true;
    }
    why = (size == 0 ? "closed after " : "broken after ") + std::to_string(got_.size()) + " bytes";
    return false;
  }

  int fd_;
  bool is_open_ = false;
  bool last_ = false;
  std::string got_;
};

void work(wanted const& w, int number) {
  bool const keeps = number % new_one_share != 0;
  // An address for each client: there are not enough ports for all.
  auto const from = INADDR_LOOPBACK + static_cast<std::uint32_t>(number) + 1;
  std::optional<connection> c;
  for (long n = begun++; n < w.count; n = begun++) {
    if (!c) c.emplace(w.port, from);
    if (!c->is_open()) {
      fail("no connection");
      c.reset();
      continue;
    }
    bool const script = n % script_share == 0;
    std::string why;
    auto const content = c->ask(script ? "/cgi-bin/exact" : "/small.txt", why);
    if (why.empty() && content != (script ? std::string_view("exact\n") : w.small)) {
      why = "another content of " + std::to_string(content.size()) + " bytes";
    }
    if (why.empty()) {
      note_answer(w.count);
    } else {
      fail(why);
    }
    if (!why.empty() || !keeps || c->is_last()) c.reset();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  std::ifstream file(argv[4], std::ios::binary);
  wanted const w{static_cast<std::uint16_t>(std::atoi(argv[1])),
                 std::atol(argv[2]),
                 {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()}};
  auto const start = std::chrono::steady_clock::now();
  std::vector<std::thread> clients;
  for (int i = 0; i < std::atoi(argv[3]); ++i) clients.emplace_back(work, std::cref(w), i);
  for (auto& client : clients) client.join();
  std::chrono::duration<double> const took = std::chrono::steady_clock::now() - start;
  std::cout << answered << " answered, " << failed << " failed, " << took.count() << " s"
            << std::endl;
  return failed == 0 && answered == w.count ? 0 : 1;
}
