#include "gatehouse/process/template_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <utility>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/process/pipe.hpp"

namespace gatehouse::process {
namespace {

base::error_code join(int kind, base::unique_fd& ours, base::unique_fd& theirs) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, kind | SOCK_CLOEXEC, 0, ends.data()) != 0) return base::last_error();
  ours.reset(ends[0]);
  theirs.reset(ends[1]);
  return {};
}

void add_word(std::string& message, std::string_view word) {
  message.append(word).push_back('\0');
}

// What the template reads.
std::string message_for(program const& what, std::size_t request_size) {
  std::string out;
  add_word(out, what.directory);
  add_word(out, what.script);
  add_word(out, std::to_string(request_size));
  return out;
}

// What the child reads.
std::string request_for(program const& what) {
  std::string out;
  add_word(out, std::to_string(what.arguments.size() - 1));
  for (std::size_t i = 1; i < what.arguments.size(); ++i) add_word(out, what.arguments[i]);
  for (auto const& entry : what.environment) add_word(out, entry);
  return out;
}

bool send_with(int socket, std::string& message, std::array<int, 4> const& descriptors) {
  iovec text{message.data(), message.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof descriptors)> room{};
  msghdr head{};
  head.msg_iov = &text;
  head.msg_iovlen = 1;
  head.msg_control = room.data();
  head.msg_controllen = room.size();
  auto* const rights = CMSG_FIRSTHDR(&head);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof descriptors);
  std::memcpy(CMSG_DATA(rights), descriptors.data(), sizeof descriptors);
  return ::sendmsg(socket, &head, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

bool readable_within(int fd, std::chrono::milliseconds limit) {
  auto const until = std::chrono::steady_clock::now() + limit;
  while (true) {
    auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd one{fd, POLLIN, 0};
    int const ready = ::poll(&one, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

// A pid that somebody tells is taken for a child's only if it is one.
std::optional<pid_t> child_named(std::string_view text) {
  pid_t pid = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size() || pid <= 1) return std::nullopt;
  siginfo_t state{};
  bool const ours =
      ::waitid(P_PID, static_cast<id_t>(pid), &state, WEXITED | WNOHANG | WNOWAIT) == 0;
  return ours ? std::optional(pid) : std::nullopt;
}

std::optional<pid_t> told_on(int reply) {
  std::array<char, 32> text;
  ssize_t size = -1;
  do size = ::recv(reply, text.data(), text.size(), MSG_DONTWAIT);
  while (size < 0 && errno == EINTR);
  if (size <= 0) return std::nullopt;
  return child_named({text.data(), static_cast<std::size_t>(size)});
}

}  // namespace

base::result<template_process> template_process::start(program what, std::string_view text,
                                                       std::string const& settings,
                                                       vfork_launcher& with) {
  base::unique_fd ours;
  if (auto const error = join(SOCK_SEQPACKET, ours, what.standard_input)) return error;
  auto output = make_pipe();
  if (output.has_error()) return output.error();
  ::fcntl(output->read.get(), F_SETFL, O_NONBLOCK);
  what.standard_error.reset(::fcntl(output->write.get(), F_DUPFD_CLOEXEC, 0));
  what.standard_output = std::move(output->write);
  template_process out(std::move(ours), std::move(output->read));
  out.null_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!what.standard_error || !out.null_) return base::last_error();
  int pidfd = -1;
  auto const pid = with.start(what, &pidfd);
  if (pid.has_error()) return pid.error();
  out.pid_ = *pid;
  out.pidfd_.reset(pidfd);
  for (auto const message : {text, std::string_view(settings)}) {
    if (::send(out.socket_.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
      return base::last_error();
  }
  return out;
}

// Whoever reaps adopted children may have reaped it already.
template_process::~template_process() {
  if (!pidfd_) return;
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0U);
  readable_within(pidfd_.get(), base::limits::template_answer_time);
  siginfo_t ended{};
  ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &ended, WEXITED | WNOHANG);
}

template_process::heard template_process::hear() {
  heard out;
  std::array<char, base::limits::small_read_bytes> text;
  while (true) {
    auto const size = ::recv(socket_.get(), text.data(), text.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) {
      out.ended = size == 0 || errno != EAGAIN;
      return out;
    }
    out.words.emplace_back(text.data(), static_cast<std::size_t>(size));
  }
}

template_process::answer template_process::ask(program const& what) {
  auto const request = request_for(what);
  auto message = message_for(what, request.size());
  if (request.size() > base::limits::template_request_bytes) return {};
  base::unique_fd ours;
  base::unique_fd theirs;
  if (join(SOCK_STREAM, ours, theirs)) return {};
  auto const or_null = [this](base::unique_fd const& fd) { return fd ? fd.get() : null_.get(); };
  if (!send_with(socket_.get(), message,
                 {or_null(what.standard_input), or_null(what.standard_output),
                  or_null(what.standard_error), theirs.get()}))
    return {};
  theirs.reset();
  answer out;
  out.in_time = readable_within(ours.get(), base::limits::template_answer_time);
  // A child whose pid is not known gets no request, and ends. All of a request has room in the
  // socket.
  auto const pid = told_on(ours.get());
  if (pid && ::send(ours.get(), request.data(), request.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
                 static_cast<ssize_t>(request.size()))
    out.pid = pid;
  return out;
}

std::string template_process::last_line() const {
  std::string all;
  std::array<char, base::limits::small_read_bytes> buffer;
  ssize_t size = 0;
  while ((size = ::read(output_.get(), buffer.data(), buffer.size())) > 0 &&
         all.size() < base::limits::stream_buffer_bytes)
    all.append(buffer.data(), static_cast<std::size_t>(size));
  while (all.ends_with('\n')) all.pop_back();
  return all.substr(all.rfind('\n') + 1);
}

}  // namespace gatehouse::process
