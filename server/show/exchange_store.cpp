#include "gatehouse/show/exchange_store.hpp"

#include <algorithm>

#include "gatehouse/http/target.hpp"

namespace gatehouse::show {

// The thread of the exchange writes an entry; other threads read it.
struct exchange_store::entry {
  std::mutex mutex;
  trace::recording recording;
};

// An exchange is kept as soon as its path is known, or it is known to have none: only then is it
// clear whether the exchange is to be shown.
class exchange_store::recording_sink final : public trace::sink {
 public:
  recording_sink(exchange_store& store, trace::recording begun)
      : store_(store), entry_(std::make_shared<entry>()) {
    entry_->recording = std::move(begun);
  }

  void record(trace::event const& what) override {
    if (hidden_) return;
    if (auto const* const parsed = std::get_if<trace::request_parsed>(&what))
      hidden_ = http::path_below(parsed->request.target.path, store_.hidden_prefix_).has_value();
    if (hidden_) return;
    std::lock_guard const lock(entry_->mutex);
    trace::add(entry_->recording, what, std::chrono::steady_clock::now());
    bool const known = std::holds_alternative<trace::request_parsed>(what) ||
                       std::holds_alternative<trace::failed>(what);
    if (known && !std::exchange(kept_, true)) {
      store_.keep(entry_);
      store_.notify(entry_->recording);
    }
    if (kept_ && std::holds_alternative<trace::ended>(what)) store_.notify(entry_->recording);
  }

 private:
  exchange_store& store_;
  std::shared_ptr<entry> entry_;
  bool hidden_ = false;
  bool kept_ = false;
};

std::unique_ptr<trace::sink> exchange_store::begin(http::exchange_context const& context,
                                                   std::optional<http::steady_time> connected) {
  return std::make_unique<recording_sink>(*this, trace::begin_recording(context, connected));
}

void exchange_store::visit(std::function<void(trace::recording const&)> const& each) const {
  std::deque<std::shared_ptr<entry>> all;
  {
    std::lock_guard const lock(mutex_);
    all = entries_;
  }
  for (auto const& one : all) {
    std::lock_guard const lock(one->mutex);
    each(one->recording);
  }
}

std::optional<trace::recording> exchange_store::find(std::uint64_t id) const {
  std::shared_ptr<entry> found;
  {
    std::lock_guard const lock(mutex_);
    auto const at = std::find_if(entries_.begin(), entries_.end(),
                                 [&](auto const& e) { return e->recording.id == id; });
    if (at == entries_.end()) return std::nullopt;
    found = *at;
  }
  std::lock_guard const lock(found->mutex);
  return found->recording;
}

std::uint64_t exchange_store::forgotten() const {
  std::lock_guard const lock(mutex_);
  return forgotten_;
}

void exchange_store::watch(std::shared_ptr<watcher> const& who) {
  std::lock_guard const lock(mutex_);
  std::erase_if(watchers_, [](auto const& w) { return w.expired(); });
  watchers_.push_back(who);
}

void exchange_store::close() {
  for (auto const& w : watchers()) w->closed();
}

void exchange_store::keep(std::shared_ptr<entry> const& one) {
  std::lock_guard const lock(mutex_);
  entries_.push_back(one);
  if (entries_.size() <= limit_) return;
  entries_.pop_front();
  ++forgotten_;
}

void exchange_store::notify(trace::recording const& about) {
  for (auto const& w : watchers()) w->updated(about);
}

std::vector<std::shared_ptr<exchange_store::watcher>> exchange_store::watchers() {
  std::vector<std::shared_ptr<watcher>> all;
  std::lock_guard const lock(mutex_);
  for (auto const& w : watchers_) {
    if (auto alive = w.lock()) all.push_back(std::move(alive));
  }
  return all;
}

}  // namespace gatehouse::show
