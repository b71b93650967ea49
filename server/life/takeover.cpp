#include "gatehouse/life/takeover.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "gatehouse/base/deadline.hpp"
#include "gatehouse/base/event.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/config/option_values.hpp"

namespace gatehouse::life {
namespace {

constexpr std::string_view hello = "gatehouse takeover 1", socket_word = "socket", ready = "ready",
                           yours_word = "yours";
constexpr std::size_t longest_message = 64;
constexpr int backlog = 4;
// How long accepting pauses when the system has no descriptor to give.
constexpr auto accept_pause = std::chrono::milliseconds(100);

std::string directory_of(std::filesystem::path const& path) {
  return path.has_parent_path() ? path.parent_path().string() : ".";
}

std::optional<sockaddr_un> address_of(std::string const& path) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  if (path.size() >= sizeof out.sun_path) return std::nullopt;
  std::memcpy(out.sun_path, path.c_str(), path.size());
  return out;
}

base::unique_fd unix_socket() {
  return base::unique_fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

std::optional<ucred> peer_of(int fd) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return std::nullopt;
  return who;
}

// One message, with a descriptor if there is one (not -1).
bool send_message(int to, std::string_view text, int descriptor = -1) {
  iovec bytes{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
  }
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(to, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(text.size());
}

struct message {
  std::string text;
  base::unique_fd descriptor;
};

// The next message; empty at the end, on an error, and after the socket's time.
message receive_message(int from) {
  std::array<char, longest_message> text{};
  iovec bytes{text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr got{};
  got.msg_iov = &bytes;
  got.msg_iovlen = 1;
  got.msg_control = control.data();
  got.msg_controllen = control.size();
  ssize_t size = -1;
  do {
    size = ::recvmsg(from, &got, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  message out;
  if (size <= 0) return out;
  out.text.assign(text.data(), static_cast<std::size_t>(size));
  cmsghdr const* const part = CMSG_FIRSTHDR(&got);
  if (part != nullptr && part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS &&
      part->cmsg_len == CMSG_LEN(sizeof(int))) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(part), sizeof fd);
    out.descriptor.reset(fd);
  }
  return out;
}

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

// Suspends until a message is there, for at most `limit`.
template <class Descriptor>
base::task<message> message_within(Descriptor& from, std::chrono::steady_clock::duration limit) {
  base::deadline give_up(from.get_executor(), [&from] { from.cancel(); });
  give_up.set(limit);
  auto const [ec] = co_await from.async_wait(Descriptor::wait_read, base::as_result);
  message out;
  if (!ec) out = receive_message(from.native_handle());
  co_return out;
}

}  // namespace

std::variant<std::optional<predecessor>, config::usage_error> predecessor::ask(
    std::filesystem::path const& path, std::set<uid_t> const& trusted) {
  auto const name = path.string();
  auto const address = address_of(name);
  if (!address) return cannot(name, "is too long for a socket");
  struct stat is {};
  if (::lstat(name.c_str(), &is) == 0 && !S_ISSOCK(is.st_mode)) return cannot(name, "is no socket");
  predecessor out(name, unix_socket());
  set_patience(out.talk_.get());
  if (::connect(out.talk_.get(), reinterpret_cast<sockaddr const*>(&*address), sizeof *address) !=
      0) {
    auto const why = base::last_error();
    bool const nobody = why == boost::system::errc::connection_refused ||
                        why == boost::system::errc::no_such_file_or_directory;
    if (nobody) return std::nullopt;
    return cannot(name, "cannot be asked: " + why.message());
  }
  auto const who = peer_of(out.talk_.get());
  if (!who || !trusted.contains(who->uid)) return cannot(name, "belongs to another user");
  base::unique_fd const proof(
      ::open(directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!proof) return cannot(name, "is in a directory that cannot be read");
  if (!send_message(out.talk_.get(), hello, proof.get())) return out.failure("has gone away");
  if (auto wrong = out.receive_socket()) return *wrong;
  return std::optional<predecessor>(std::move(out));
}

std::optional<config::usage_error> predecessor::receive_socket() {
  auto got = receive_message(talk_.get());
  if (got.text != socket_word || !got.descriptor) return failure("does not hand over its socket");
  socket_ = std::move(got.descriptor);
  return std::nullopt;
}

std::optional<config::usage_error> predecessor::relieve() {
  bool const told = send_message(talk_.get(), ready);
  if (!told || receive_message(talk_.get()).text != yours_word) return failure("has given us up");
  return std::nullopt;
}

config::usage_error predecessor::failure(std::string_view text) const {
  return {"gatehouse: --takeover: the server at " + config::in_quotes(path_) + " " +
          std::string(text)};
}

takeover_door::takeover_door(base::executor ex, std::filesystem::path path)
    : executor_(ex), path_(std::move(path)), door_(ex) {}

std::variant<std::unique_ptr<takeover_door>, config::usage_error> takeover_door::open(
    base::executor ex, std::filesystem::path const& path) {
  std::unique_ptr<takeover_door> out(new takeover_door(ex, path));
  if (auto const wrong = out->listen()) return cannot(path.string(), *wrong);
  return out;
}

// What is wrong, if something is. Nobody can connect before listen(2), and so before the mode is
// set.
std::optional<std::string> takeover_door::listen() {
  auto const name = path_.string() + "." + std::to_string(::getpid());
  auto const address = address_of(name);
  if (!address) return "is too long for a socket";
  auto fd = unix_socket();
  ::unlink(name.c_str());  // of a process that had our number and was killed
  if (::bind(fd.get(), reinterpret_cast<sockaddr const*>(&*address), sizeof *address) != 0) {
    return "cannot be made: " + base::last_error().message();
  }
  name_ = name;
  struct stat is {};
  bool const listens = ::chmod(name.c_str(), 0600) == 0 && ::lstat(name.c_str(), &is) == 0 &&
                       ::listen(fd.get(), backlog) == 0;
  if (!listens) return "cannot be listened at: " + base::last_error().message();
  device_ = is.st_dev;
  inode_ = is.st_ino;
  boost::system::error_code ec;
  door_.assign(fd.get(), ec);
  if (ec) return "cannot be listened at: " + ec.message();
  static_cast<void>(fd.release());
  door_.native_non_blocking(true, ec);
  return std::nullopt;
}

base::error_code takeover_door::publish() {
  if (::rename(name_.c_str(), path_.c_str()) != 0) return base::last_error();
  name_ = path_;
  return {};
}

base::task<bool> takeover_door::handed_over(int listening) {
  base::timer pause(executor_);
  while (!closed_) {
    auto const [ec] = co_await door_.async_wait(descriptor::wait_read, base::as_result);
    if (ec || closed_) break;
    base::unique_fd accepted(
        ::accept4(door_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    descriptor talk(executor_);
    boost::system::error_code failed;
    if (accepted) talk.assign(accepted.get(), failed);
    if (!accepted || failed) {
      pause.expires_after(accept_pause);
      co_await pause.async_wait(base::as_result);
      continue;
    }
    static_cast<void>(accepted.release());
    talk_ = &talk;
    bool const done = co_await hand_over(talk, listening);
    talk_ = nullptr;
    if (done) co_return true;
  }
  co_return false;
}

base::task<bool> takeover_door::hand_over(descriptor& to, int listening) {
  auto const greeting = co_await message_within(to, base::limits::takeover_answer);
  if (closed_) co_return false;
  if (!may_take_over(to.native_handle(), greeting.text, greeting.descriptor)) {
    base::log::warn("takeover-refused", "somebody may not take over, or did not say so");
    co_return false;
  }
  if (!send_message(to.native_handle(), socket_word, listening)) co_return false;
  auto const answer = co_await message_within(to, base::limits::takeover_time);
  if (!closed_ && answer.text == ready && send_message(to.native_handle(), yours_word)) {
    name_.clear();  // the path is the successor's
    co_return true;
  }
  if (!closed_)
    base::log::warn("takeover-failed", "the new server did not get ready; this one goes on");
  co_return false;
}

// Of the server's own user or root, and able to read the directory.
bool takeover_door::may_take_over(int peer, std::string const& greeting,
                                  base::unique_fd const& proof) const {
  auto const who = peer_of(peer);
  if (!who || (who->uid != ::geteuid() && who->uid != 0) || greeting != hello) return false;
  struct stat theirs {};
  struct stat ours {};
  int const flags = ::fcntl(proof.get(), F_GETFL);
  return flags >= 0 && (flags & O_PATH) == 0 && ::fstat(proof.get(), &theirs) == 0 &&
         ::stat(directory_of(path_).c_str(), &ours) == 0 && theirs.st_dev == ours.st_dev &&
         theirs.st_ino == ours.st_ino;
}

void takeover_door::close() {
  if (std::exchange(closed_, true)) return;
  struct stat is {};
  bool const still_ours = !name_.empty() && ::lstat(name_.c_str(), &is) == 0 &&
                          is.st_dev == device_ && is.st_ino == inode_;
  if (still_ours) ::unlink(name_.c_str());
  boost::system::error_code ignored;
  door_.close(ignored);
  if (talk_ != nullptr) talk_->cancel(ignored);
}

}  // namespace gatehouse::life
