#pragma once
// Where a server that runs can be asked to hand over to another (--takeover PATH): it listens at a
// Unix socket of mode 0600, and gives its listening sockets to a new server that shows that it may
// have them. takeover_message.hpp has the words, predecessor.hpp the other side.

#include <sys/types.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/config/options.hpp"
#include "gatehouse/life/takeover_message.hpp"

namespace gatehouse::life {

// For one thread; goes before its executor's context.
class takeover_listener {
 public:
  // Listens, at a name of its own beside the path until publish().
  static std::variant<std::unique_ptr<takeover_listener>, config::usage_error> open(
      base::executor ex, std::filesystem::path const& path);
  takeover_listener(takeover_listener const&) = delete;
  takeover_listener& operator=(takeover_listener const&) = delete;
  ~takeover_listener() { close(); }

  // From now on it is found at the path, in the place of any other.
  base::error_code publish();

  // Suspends until a new server was ready and has been told that it is on its own: true. False if
  // close() came before that. Up to limits::takeover_peers are heard at the same time, until each
  // has greeted; one more takes the place of the one that has been silent for longest. One new
  // server at a time gets copies of `listening`, and has limits::takeover_time to get ready. Who is
  // refused and who does not get ready is told in the log.
  base::task<bool> handed_over(std::vector<int> listening);

  // Answers no more, and takes its name away unless another has taken it.
  void close();

 private:
  using descriptor = boost::asio::posix::basic_stream_descriptor<base::executor>;
  struct peer;
  enum class state { listening, handed_over, closed };

  takeover_listener(base::executor ex, std::filesystem::path path);
  std::optional<std::string> listen();
  bool is_at(std::filesystem::path const& path) const;
  void admit(base::unique_fd accepted);
  base::task<void> hear(std::shared_ptr<peer> from);
  base::task<bool> hand_over(peer& to);
  bool send_sockets(peer& to) const;
  std::optional<std::string> refusal(peer const& from, takeover_message const& greeting) const;
  bool shows_directory(takeover_message const& greeting) const;
  void publish_again();

  base::executor executor_;
  std::filesystem::path path_;
  std::filesystem::path name_;  // of the socket; empty: none
  dev_t device_ = 0;
  ino_t inode_ = 0;
  descriptor socket_;
  std::vector<int> listening_;
  state state_ = state::listening;
  // Peers belong to the coroutines that hear them. These are those that have not greeted, in the
  // order in which they came, and the one that is getting ready.
  std::deque<std::weak_ptr<peer>> silent_;
  std::weak_ptr<peer> successor_;
};

}  // namespace gatehouse::life
