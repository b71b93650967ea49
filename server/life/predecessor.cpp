#include "gatehouse/life/predecessor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/config/option_values.hpp"
#include "gatehouse/life/takeover_message.hpp"
#include "gatehouse/net/listening_socket.hpp"

namespace gatehouse::life {
namespace {

void set_patience(int fd) {
  auto const seconds =
      std::chrono::duration_cast<std::chrono::seconds>(base::limits::takeover_answer);
  timeval const limit{seconds.count(), 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

config::usage_error cannot(std::string const& path, std::string_view text) {
  return {"gatehouse: --takeover: " + config::in_quotes(path) + " " + std::string(text)};
}

}  // namespace

std::variant<std::optional<predecessor>, config::usage_error> predecessor::ask(
    std::filesystem::path const& path, std::set<uid_t> const& trusted) {
  auto const name = path.string();
  auto const address = takeover_address(name);
  if (!address) return cannot(name, "is too long for a socket");
  struct stat is {};
  if (::lstat(name.c_str(), &is) == 0 && !S_ISSOCK(is.st_mode)) return cannot(name, "is no socket");
  predecessor out(name, takeover_socket());
  set_patience(out.talk_.get());
  if (::connect(out.talk_.get(), reinterpret_cast<sockaddr const*>(&*address), sizeof *address) !=
      0) {
    auto const why = base::last_error();
    bool const nobody = why == boost::system::errc::connection_refused ||
                        why == boost::system::errc::no_such_file_or_directory;
    if (nobody) return std::nullopt;
    std::string text = "cannot be asked: " + why.message();
    if (why == boost::system::errc::permission_denied)
      text += ". It is another user's: name a path in a directory of yours";
    return cannot(name, text);
  }
  auto const who = takeover_peer(out.talk_.get());
  if (!who || !trusted.contains(who->uid)) {
    return cannot(name,
                  "belongs to another user: start the server as the user that the running "
                  "one belongs to, or name a path in a directory of yours");
  }
  base::unique_fd const proof(
      ::open(takeover_directory(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!proof) return cannot(name, "is in a directory that cannot be read");
  if (!send_takeover_message(out.talk_.get(), takeover_words::hello, proof.get()))
    return out.failure("has gone away");
  if (auto wrong = out.receive_sockets()) return *wrong;
  return std::optional<predecessor>(std::move(out));
}

// One message for each socket, see takeover_message.hpp.
std::optional<config::usage_error> predecessor::receive_sockets() {
  while (sockets_.size() < base::limits::listening_sockets) {
    auto got = receive_takeover_message(talk_.get());
    bool const is_last = got.is(takeover_words::socket, 1);
    if (!is_last && !got.is(takeover_words::more, 1))
      return failure("does not hand over its sockets");
    sockets_.push_back(std::move(got.descriptors.front()));
    if (is_last) return std::nullopt;
  }
  return failure("hands over more than " + std::to_string(base::limits::listening_sockets) +
                 " sockets");
}

std::optional<config::usage_error> predecessor::relieve(
    std::function<base::error_code()> const& publish) {
  if (!waits()) return failure("has given us up");
  if (auto const error = publish()) {
    return cannot(path_, "cannot be put in the place of the running server's: " + error.message() +
                             "; that server goes on");
  }
  bool const told = send_takeover_message(talk_.get(), takeover_words::ready);
  if (!told || !receive_takeover_message(talk_.get()).is(takeover_words::yours, 0))
    return failure("has given us up");
  return std::nullopt;
}

// Whether it has neither closed the connection nor said anything: it is our turn.
bool predecessor::waits() const {
  pollfd look{talk_.get(), POLLIN | POLLRDHUP, 0};
  return ::poll(&look, 1, 0) == 0;
}

config::usage_error predecessor::failure(std::string_view text) const {
  return {"gatehouse: --takeover: the server at " + config::in_quotes(path_) + " " +
          std::string(text)};
}

}  // namespace gatehouse::life
