#pragma once
// The idle connections that one thread keeps for its next requests. It goes with the thread's event
// loop, which finds it (boost::asio::use_service).

#include <boost/asio/execution_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "gatehouse/base/event.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/upstream/connection.hpp"

namespace gatehouse::upstream {

class kept_connections final : public boost::asio::execution_context::service {
 public:
  using key_type = kept_connections;
  static boost::asio::execution_context::id id;
  explicit kept_connections(boost::asio::execution_context& of);
  ~kept_connections() override;

  // That of a thread.
  static kept_connections& of(base::executor const& ex);

  // The one that was used last of those that lead to the place; null if there is none.
  std::shared_ptr<connection> take(application const& to, std::size_t place);

  // Without it nothing is kept: a loop that runs until nothing is left to be done would wait for
  // what it keeps.
  void begin(base::executor const& ex) { executor_ = ex; }

  // Keeps a connection whose request has ended, up to limits::kept_upstream_time, unless somebody
  // waits for the application.
  void keep(std::shared_ptr<connection> one);

  std::size_t size() const { return idle_.size(); }

 private:
  struct entry {
    std::shared_ptr<connection> one;
    std::chrono::steady_clock::time_point since;
  };
  void shutdown() override;
  void close(application const* to, std::optional<std::size_t> place);
  void know(application& to);
  void look_later();

  std::vector<entry> idle_;                        // in the order in which they were kept
  std::vector<std::weak_ptr<application>> known_;  // they know this keeper
  std::optional<base::executor> executor_;
  std::optional<base::timer> look_;
  bool looking_ = false;
};

}  // namespace gatehouse::upstream
