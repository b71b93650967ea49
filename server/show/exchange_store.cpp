#include "gatehouse/show/exchange_store.hpp"

#include <algorithm>

#include "gatehouse/http/target.hpp"

namespace gatehouse::show {

namespace {

// Whether the event changes what a list of exchanges says of its exchange.
bool changes_summary(trace::event const& what, trace::recording const& before) {
  using std::holds_alternative;
  bool const answers = holds_alternative<trace::response_head>(what) ||
                       holds_alternative<trace::response_bytes>(what);
  if (answers) return !before.times.response_began;
  if (holds_alternative<trace::process_ended>(what)) return before.done;
  return holds_alternative<trace::routed>(what) ||
         holds_alternative<trace::process_started>(what) || holds_alternative<trace::ended>(what);
}

}  // namespace

bool is_of_tour(trace::recording const& of) {
  return of.request && of.request->fields.find("Gatehouse-Tour") == "1";
}

// The thread of the exchange writes an entry; other threads read it. Who holds its mutex may take
// the store's, and not the other way round.
struct exchange_store::entry {
  std::mutex mutex;
  trace::recording recording;
  bool pinned = false;  // under the store's mutex, as is the next
  bool of_tour = false;
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
    bool const news = changes_summary(what, entry_->recording);
    trace::add(entry_->recording, what, std::chrono::steady_clock::now());
    bool const known = std::holds_alternative<trace::request_parsed>(what) ||
                       std::holds_alternative<trace::failed>(what);
    if (known && !std::exchange(kept_, true)) {
      store_.keep(entry_);
      return store_.notify(entry_->recording);
    }
    if (kept_ && news) store_.notify(entry_->recording);
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

std::vector<std::uint64_t> exchange_store::ids() const {
  std::vector<std::uint64_t> out;
  std::lock_guard const lock(mutex_);
  out.reserve(entries_.size());
  for (auto const& one : entries_) out.push_back(one->recording.id);
  return out;
}

bool exchange_store::visit_one(std::uint64_t id,
                               std::function<void(trace::recording const&)> const& look) const {
  auto const found = entry_of(id);
  if (!found) return false;
  std::lock_guard const lock(found->mutex);
  look(found->recording);
  return true;
}

std::optional<trace::recording> exchange_store::find(std::uint64_t id) const {
  std::optional<trace::recording> out;
  visit_one(id, [&](trace::recording const& found) { out = found; });
  return out;
}

exchange_store::pinning exchange_store::pin(std::uint64_t id, bool pinned) {
  auto const one = entry_of(id);
  if (!one) return pinning::not_kept;
  std::lock_guard const lock(one->mutex);
  {
    std::lock_guard const all(mutex_);
    auto const count =
        std::count_if(entries_.begin(), entries_.end(), [](auto const& e) { return e->pinned; });
    bool const full = count >= static_cast<std::ptrdiff_t>(base::limits::pinned_exchanges);
    if (pinned && !one->pinned && full) return pinning::too_many;
    one->pinned = pinned;
    forget_some(one->of_tour);
  }
  one->recording.pinned = pinned;
  notify(one->recording);
  return pinning::done;
}

// The number of an exchange never changes, and so is read without its mutex.
std::shared_ptr<exchange_store::entry> exchange_store::entry_of(std::uint64_t id) const {
  std::lock_guard const lock(mutex_);
  auto const at = std::find_if(entries_.begin(), entries_.end(),
                               [&](auto const& e) { return e->recording.id == id; });
  return at == entries_.end() ? nullptr : *at;
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
  one->of_tour = is_of_tour(one->recording);
  entries_.push_back(one);
  forget_some(one->of_tour);
}

// Forgets the oldest of the tour's exchanges, or of the others, until there are not too many of
// them. Those that are pinned do not count.
void exchange_store::forget_some(bool of_tour) {
  auto const may_go = [&](auto const& e) { return e->of_tour == of_tour && !e->pinned; };
  auto const limit = of_tour ? base::limits::tour_exchanges : limit_;
  auto count = std::count_if(entries_.begin(), entries_.end(), may_go);
  for (; count > static_cast<std::ptrdiff_t>(limit); --count) {
    entries_.erase(std::find_if(entries_.begin(), entries_.end(), may_go));
    if (!of_tour) ++forgotten_;
  }
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
