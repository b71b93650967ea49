#include "gatehouse/net/refused_clients.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/http/date.hpp"
#include "gatehouse/net/response_writer.hpp"

namespace gatehouse::net {
namespace {

// Drops what has come without copying it (tcp(7), MSG_TRUNC). False at the end of the stream.
bool drop_input(int socket) {
  auto const got =
      ::recv(socket, nullptr, base::limits::refused_input_bytes, MSG_TRUNC | MSG_DONTWAIT);
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

http::http_error error_for(std::string_view reason) {
  auto error = http::try_again_later(reason, {});
  error.close = true;
  return error;
}

std::string as_bytes(http::response const& response, std::time_t now) {
  auto const plan = plan_response(response, nullptr, false);
  auto const date = http::format_date(std::chrono::sys_seconds(std::chrono::seconds(now)));
  auto bytes = response_head(response, plan, nullptr, date);
  if (auto const* const content = std::get_if<http::shared_buffer>(&response.body))
    bytes += **content;
  return bytes;
}

}  // namespace

void refused_clients::refuse(base::unique_fd client, boost::asio::ip::address const& from,
                             std::string_view reason, patience how) {
  auto& given = answer_for(reason);
  ::send(client.get(), given.bytes.data(), given.bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(client.get(), SHUT_WR);
  auto const now = std::chrono::steady_clock::now();
  note(given, from, now);
  bool const still_there = drop_input(client.get());
  if (how == patience::some && still_there) {
    if (clients_.size() == base::limits::refused_clients) clients_.pop_front();
    clients_.push_back({std::move(client), now + base::limits::refused_time});
  }
  keep_ticking();
}

void refused_clients::stop() {
  tick_.clear();
  ticking_ = false;
  clients_.clear();
  log_counts(time::max());
}

// The answer is made again once a second, because it has a date.
refused_clients::answer& refused_clients::answer_for(std::string_view reason) {
  auto found = std::ranges::find(answers_, reason, &answer::reason);
  if (found == answers_.end()) found = answers_.insert(found, {.reason = reason, .bytes = {}});
  auto const now = std::time(nullptr);
  if (found->made_at != now) {
    found->bytes = as_bytes(render_(error_for(reason), nullptr, false, 0), now);
    found->made_at = now;
  }
  return *found;
}

// The first one has a line of its own.
void refused_clients::note(answer& given, boost::asio::ip::address const& from, time now) {
  bool const first = std::ranges::all_of(answers_, [](answer const& a) { return a.unlogged == 0; });
  if (!first || now < counted_since_ + base::limits::refusals_logged_every) {
    ++given.unlogged;
    return;
  }
  counted_since_ = now;
  base::log::warn(given.reason, "503 to " + from.to_string() + ", connection closed");
}

void refused_clients::log_counts(time now) {
  if (now < counted_since_ + base::limits::refusals_logged_every) return;
  for (auto& a : answers_) {
    auto const count = std::exchange(a.unlogged, 0);
    if (count == 0) continue;
    counted_since_ = std::chrono::steady_clock::now();
    base::log::warn(a.reason,
                    "503 to " + std::to_string(count) + " more connections, which were closed");
  }
}

void refused_clients::keep_ticking() {
  bool const idle = clients_.empty() &&
                    std::ranges::all_of(answers_, [](auto const& a) { return a.unlogged == 0; });
  if (ticking_ || idle) return;
  ticking_ = true;
  tick_.set(base::limits::refused_look_interval);
}

void refused_clients::on_tick() {
  ticking_ = false;
  auto const now = std::chrono::steady_clock::now();
  std::erase_if(clients_, [&](waiting_client const& c) {
    return now >= c.until || !drop_input(c.socket.get());
  });
  log_counts(now);
  keep_ticking();
}

}  // namespace gatehouse::net
