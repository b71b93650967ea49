#include "gatehouse/upstream/application.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <new>
#include <utility>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"

namespace gatehouse::upstream {

namespace {

using clock = std::chrono::steady_clock;

bool is_in(std::vector<bool> const& tried, std::size_t index) {
  return index < tried.size() && tried[index];
}

}  // namespace

application::application(std::vector<endpoint> at) {
  for (auto& each : at) places_.emplace_back(std::move(each));
}

std::optional<std::size_t> application::choose(std::vector<bool> const& tried) {
  if (places_.size() == 1) return is_in(tried, 0) ? std::nullopt : std::optional<std::size_t>(0);
  auto const now = clock::now().time_since_epoch().count();
  auto const first = next_.fetch_add(1, std::memory_order_relaxed);
  std::optional<std::size_t> best;
  auto const rank = [&](std::size_t index) {
    auto const until = places_[index].rests_until.load(std::memory_order_relaxed);
    return std::pair(until > now ? until : 0, places_[index].requests.load());
  };
  for (std::size_t i = 0; i < places_.size(); ++i) {
    auto const index = (first + i) % places_.size();
    if (is_in(tried, index)) continue;
    if (!best || rank(index) < rank(*best)) best = index;
  }
  return best;
}

void application::succeeded(std::size_t index) {
  auto& which = places_[index];
  if (which.failures.load(std::memory_order_relaxed) == 0) return;
  which.failures = 0;
  which.rests_until = 0;
}

void application::failed(std::size_t index, base::error_code const& why) {
  namespace limits = base::limits;
  bool const busy = why == boost::system::errc::resource_unavailable_try_again;
  if (places_.size() == 1 || busy || base::is_shortage(why)) return;
  auto& which = places_[index];
  auto const now = clock::now().time_since_epoch();
  // Requests that failed together count once.
  if (which.rests_until > now.count()) return;
  auto const times = std::min(which.failures.fetch_add(1), limits::rest_doublings);
  auto const rest =
      std::min<std::chrono::milliseconds>(limits::first_rest * (1U << times), limits::longest_rest);
  which.rests_until = std::chrono::duration_cast<clock::duration>(now + rest).count();
  base::log::warn("application-rests", which.where.text + " cannot be reached (" + why.message() +
                                           ") and gets no requests for " +
                                           std::to_string(rest / std::chrono::seconds(1)) + " s");
}

clock::time_point application::rests_until(std::size_t index) const {
  return clock::time_point(clock::duration(places_[index].rests_until.load()));
}

void application::add(keeper one) {
  std::lock_guard const lock(mutex_);
  keepers_.push_back(std::move(one));
}

void application::remove(base::executor const& of) {
  std::lock_guard const lock(mutex_);
  std::erase_if(keepers_, [&](keeper const& k) { return k.executor == of; });
}

// A keeper leaves before its loop goes, so that none is told whose loop is gone.
void application::close_idle(std::optional<std::size_t> place) {
  std::lock_guard const lock(mutex_);
  for (auto const& each : keepers_) {
    try {
      boost::asio::post(each.executor, [yield = each.yield, place] { yield(place); });
    } catch (std::bad_alloc const&) {
      // There is no memory to ask with: what is idle is closed when its time is over.
    }
  }
}

}  // namespace gatehouse::upstream
