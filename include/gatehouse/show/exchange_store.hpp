#pragma once
// The latest exchanges of the server, kept to be shown, and beside them those that were pinned and
// the last ones of the tour. Watchers are notified when one is added or moves on.

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/trace/recorder.hpp"
#include "gatehouse/trace/recording.hpp"

namespace gatehouse::show {

// Whether the tour's pages have asked for it, which mark their requests by a field.
bool is_of_tour(trace::recording const& of);

// Thread-safe. Exchanges of paths below the hidden prefix are not kept: the inspector does not show
// itself.
class exchange_store final : public trace::tracer {
 public:
  explicit exchange_store(std::string hidden_prefix,
                          std::size_t kept = base::limits::traced_exchanges)
      : hidden_prefix_(std::move(hidden_prefix)), limit_(kept) {}

  std::unique_ptr<trace::sink> begin(http::exchange_context const& context,
                                     std::optional<http::steady_time> connected) override;

  // Calls `each` for every exchange that is kept, the oldest first. While it runs, that exchange
  // stands still.
  void visit(std::function<void(trace::recording const&)> const& each) const;

  // The numbers of those that are kept, the oldest first.
  std::vector<std::uint64_t> ids() const;

  // Calls `look` for one of them. While it runs, that exchange stands still. Gives whether it is
  // kept.
  bool visit_one(std::uint64_t id, std::function<void(trace::recording const&)> const& look) const;

  // A copy; nothing if it is not kept (any more).
  std::optional<trace::recording> find(std::uint64_t id) const;

  // A pinned exchange is not forgotten, until it is unpinned.
  enum class pinning { done, not_kept, too_many };
  // too_many: limits::pinned_exchanges are pinned.
  pinning pin(std::uint64_t id, bool pinned);

  // How many exchanges were kept once and are not any more, without those of the tour.
  std::uint64_t forgotten() const;
  std::size_t limit() const { return limit_; }

  // Is notified of changes. It is called on the thread of the exchange, with nothing locked but the
  // exchange, and must not block.
  class watcher {
   public:
    virtual ~watcher() = default;
    // An exchange is kept from now on, or has moved on: it has found its handler, its program
    // runs, its response begins, it is over, its program has ended, it was pinned.
    virtual void updated(trace::recording const& about) = 0;
    // There will be no more changes.
    virtual void closed() = 0;
  };

  // Notifies the watcher as long as somebody owns it.
  void watch(std::shared_ptr<watcher> const& who);

  // Tells every watcher that the server stops.
  void close();

 private:
  struct entry;
  class recording_sink;
  std::shared_ptr<entry> entry_of(std::uint64_t id) const;
  void keep(std::shared_ptr<entry> const& one);
  void forget_some(bool of_tour);
  void notify(trace::recording const& about);
  std::vector<std::shared_ptr<watcher>> watchers();

  std::string hidden_prefix_;
  std::size_t limit_;
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<entry>> entries_;
  std::vector<std::weak_ptr<watcher>> watchers_;
  std::uint64_t forgotten_ = 0;
};

}  // namespace gatehouse::show
