#pragma once
// The server that runs, as the one that is to take over from it sees it (--takeover PATH). The new
// server asks it for its listening sockets, gets ready, and tells it; the old one then accepts no
// more and ends when its connections have. takeover_message.hpp has the words,
// takeover_listener.hpp the other side.

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/config/options.hpp"

namespace gatehouse::life {

class predecessor {
 public:
  // Asks whoever listens at that path for its listening sockets; nothing if nobody does. An error
  // if what is there is no socket, belongs to none of these users, does not hand over its sockets,
  // or hands over more than limits::listening_sockets. Blocks meanwhile, for at most
  // limits::takeover_answer until each of them.
  static std::variant<std::optional<predecessor>, config::usage_error> ask(
      std::filesystem::path const& path, std::set<uid_t> const& trusted);

  // What it listened on. Once.
  std::vector<base::unique_fd> take_sockets() { return std::move(sockets_); }

  // The last step: calls `publish`, which makes the new server the one that the next finds at the
  // path, and tells the old one that we are ready. Once nothing is given back, it accepts no more.
  // An error if it has given us up, or of `publish`: the old server then goes on. Blocks for at
  // most limits::takeover_answer.
  std::optional<config::usage_error> relieve(std::function<base::error_code()> const& publish);

 private:
  predecessor(std::string path, base::unique_fd talk)
      : path_(std::move(path)), talk_(std::move(talk)) {}
  std::optional<config::usage_error> receive_sockets();
  bool waits() const;
  config::usage_error failure(std::string_view text) const;

  std::string path_;
  base::unique_fd talk_;
  std::vector<base::unique_fd> sockets_;
};

}  // namespace gatehouse::life
