#include "gatehouse/life/takeover_listener.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <utility>

#include "gatehouse/base/deadline.hpp"
#include "gatehouse/base/escape.hpp"
#include "gatehouse/base/event.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/config/option_values.hpp"

namespace gatehouse::life {

// Somebody who has connected.
struct takeover_listener::peer {
  peer(base::executor ex, int connection) : talk(ex), who(takeover_peer(connection)) {}
  std::string name() const;
  descriptor talk;
  std::optional<ucred> who;
};

std::string takeover_listener::peer::name() const {
  if (!who) return "somebody";
  return "process " + std::to_string(who->pid) + " of user " + std::to_string(who->uid);
}

namespace {

// Why there can be no socket at the path, and what to do.
std::string reason_and_fix(base::error_code const& why, std::filesystem::path const& path) {
  auto const directory = path.has_parent_path() ? path.parent_path().string() : ".";
  if (why == boost::system::errc::no_such_file_or_directory) {
    return "there is no directory " + config::in_quotes(directory) + "; mkdir -p " +
           base::shell_quoted(directory) + " makes it";
  }
  if (why == boost::system::errc::permission_denied)
    return why.message() + ". Name a path in a directory that the server's user may write to";
  return why.message();
}

// Suspends until a message is there, for at most `limit`. Asio may say of a socket that it is ready
// when another was that had been closed since: the system alone knows whether something came.
template <class Descriptor>
base::task<takeover_message> message_within(Descriptor& from,
                                            std::chrono::steady_clock::duration limit) {
  base::deadline give_up(from.get_executor(), [&from] {
    boost::system::error_code closed;
    from.cancel(closed);
  });
  give_up.set(limit);
  takeover_message out;
  do {
    auto const [ec] = co_await from.async_wait(Descriptor::wait_read, base::as_result);
    if (ec) break;
    out = receive_takeover_message(from.native_handle());
  } while (out.is_awaited);
  co_return out;
}

}  // namespace

takeover_listener::takeover_listener(base::executor ex, std::filesystem::path path)
    : executor_(ex), path_(std::move(path)), socket_(ex) {}

std::variant<std::unique_ptr<takeover_listener>, config::usage_error> takeover_listener::open(
    base::executor ex, std::filesystem::path const& path) {
  std::unique_ptr<takeover_listener> out(new takeover_listener(ex, path));
  if (auto const wrong = out->listen()) {
    return config::usage_error{"gatehouse: --takeover: " + config::in_quotes(path.string()) + " " +
                               *wrong};
  }
  return out;
}

// Gives what is wrong, if something is; then all is as before. Nobody can connect before listen(2),
// and so before the mode is set.
std::optional<std::string> takeover_listener::listen() {
  auto const name = path_.string() + "." + std::to_string(::getpid());
  auto const address = takeover_address(name);
  if (!address) return "is too long for a socket";
  auto fd = takeover_socket();
  ::unlink(name.c_str());  // of a process that had our number and was killed
  if (::bind(fd.get(), reinterpret_cast<sockaddr const*>(&*address), sizeof *address) != 0) {
    return "cannot be made: " + reason_and_fix(base::last_error(), path_);
  }
  struct stat is {};
  descriptor made(executor_);
  boost::system::error_code ec;
  bool const listens = ::chmod(name.c_str(), 0600) == 0 && ::lstat(name.c_str(), &is) == 0 &&
                       ::listen(fd.get(), base::limits::takeover_peers) == 0;
  if (!listens) ec = base::last_error();
  if (!ec) made.assign(fd.get(), ec);
  if (ec) {
    ::unlink(name.c_str());
    return "cannot be listened at: " + ec.message();
  }
  static_cast<void>(fd.release());
  made.native_non_blocking(true, ec);
  socket_ = std::move(made);
  name_ = name;
  device_ = is.st_dev;
  inode_ = is.st_ino;
  return std::nullopt;
}

base::error_code takeover_listener::publish() {
  if (::rename(name_.c_str(), path_.c_str()) != 0) return base::last_error();
  name_ = path_;
  return {};
}

// Whether what is found at that path is our socket.
bool takeover_listener::is_at(std::filesystem::path const& path) const {
  struct stat is {};
  return ::lstat(path.c_str(), &is) == 0 && is.st_dev == device_ && is.st_ino == inode_;
}

base::task<bool> takeover_listener::handed_over(std::vector<int> listening) {
  listening_ = std::move(listening);
  base::timer pause(executor_);
  while (state_ == state::listening) {
    auto const [ec] = co_await socket_.async_wait(descriptor::wait_read, base::as_result);
    if (state_ != state::listening) break;
    if (ec == boost::asio::error::operation_aborted) continue;  // another socket, see publish_again
    base::unique_fd accepted(
        ::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (accepted) {
      admit(std::move(accepted));
    } else {
      pause.expires_after(base::limits::accept_pause);
      co_await pause.async_wait(base::as_result);
    }
  }
  co_return state_ == state::handed_over;
}

void takeover_listener::admit(base::unique_fd accepted) {
  auto const from = std::make_shared<peer>(executor_, accepted.get());
  boost::system::error_code ec;
  from->talk.assign(accepted.get(), ec);
  if (ec) return;
  static_cast<void>(accepted.release());
  std::erase_if(silent_, [](auto const& other) { return other.expired(); });
  if (silent_.size() >= base::limits::takeover_peers) {
    if (auto const longest = silent_.front().lock()) longest->talk.close(ec);
    silent_.pop_front();
  }
  silent_.push_back(from);
  boost::asio::co_spawn(executor_, hear(from), [](std::exception_ptr const& failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

base::task<void> takeover_listener::hear(std::shared_ptr<peer> from) {
  auto const greeting = co_await message_within(from->talk, base::limits::takeover_greeting);
  std::erase_if(silent_, [&](auto const& other) { return other.lock() == from; });
  if (state_ != state::listening) co_return;
  if (auto const why = refusal(*from, greeting)) {
    base::log::warn("takeover-refused", from->name() + " may not take over: " + *why);
    co_return;
  }
  successor_ = from;
  bool const done = co_await hand_over(*from);
  if (state_ != state::listening) co_return;
  if (done) {
    name_.clear();  // the path is the successor's
    state_ = state::handed_over;
    socket_.cancel();
    co_return;
  }
  base::log::warn("takeover-failed", from->name() + " did not get ready; this server goes on");
  successor_.reset();
  publish_again();
}

// Whether it was ready in time, and knows that it is on its own.
base::task<bool> takeover_listener::hand_over(peer& to) {
  if (!send_sockets(to)) co_return false;
  auto const answer = co_await message_within(to.talk, base::limits::takeover_time);
  if (state_ != state::listening) co_return false;
  co_return answer.is(takeover_words::ready, 0) &&
      send_takeover_message(to.talk.native_handle(), takeover_words::yours);
}

bool takeover_listener::send_sockets(peer& to) const {
  for (std::size_t i = 0; i < listening_.size(); ++i) {
    auto const words = i + 1 < listening_.size() ? takeover_words::more : takeover_words::socket;
    if (!send_takeover_message(to.talk.native_handle(), words, listening_[i])) return false;
  }
  return !listening_.empty();
}

// Why it may not take over; nothing if it may. It has to be of the server's own user or root, and
// able to read the directory.
std::optional<std::string> takeover_listener::refusal(peer const& from,
                                                      takeover_message const& greeting) const {
  bool const is_trusted = from.who && (from.who->uid == ::geteuid() || from.who->uid == 0);
  if (!is_trusted) return "it is of another user";
  if (greeting.text.empty()) return "it said nothing in time";
  if (!greeting.is(takeover_words::hello, 1)) return "it does not greet as a new server does";
  if (!shows_directory(greeting)) return "it does not show that it can read the directory";
  if (!successor_.expired()) return "another is getting ready";
  return std::nullopt;
}

bool takeover_listener::shows_directory(takeover_message const& greeting) const {
  int const proof = greeting.descriptors.front().get();
  struct stat theirs {};
  struct stat ours {};
  int const flags = ::fcntl(proof, F_GETFL);
  return flags >= 0 && (flags & O_PATH) == 0 && ::fstat(proof, &theirs) == 0 &&
         ::stat(takeover_directory(path_).c_str(), &ours) == 0 && theirs.st_dev == ours.st_dev &&
         theirs.st_ino == ours.st_ino;
}

// A new server that failed at the last step has put its socket in the place of ours, and ours has
// no name any more: we listen at another one.
void takeover_listener::publish_again() {
  if (name_ != path_ || is_at(path_)) return;
  auto wrong = listen();
  if (!wrong) {
    if (auto const error = publish()) wrong = "cannot be put in its place: " + error.message();
  }
  if (wrong) {
    base::log::error("takeover-unpublished",
                     "nobody can take over from this server: " + path_.string() + " " + *wrong);
  }
}

void takeover_listener::close() {
  if (state_ == state::listening) state_ = state::closed;
  if (!name_.empty() && is_at(name_)) ::unlink(name_.c_str());
  name_.clear();
  boost::system::error_code ignored;
  socket_.close(ignored);
  for (auto const& other : silent_) {
    if (auto const waiting = other.lock()) waiting->talk.close(ignored);
  }
  if (auto const waiting = successor_.lock()) waiting->talk.close(ignored);
}

}  // namespace gatehouse::life
