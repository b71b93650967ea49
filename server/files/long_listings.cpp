#include "gatehouse/files/long_listings.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <new>
#include <system_error>
#include <vector>

#include "gatehouse/base/clock.hpp"
#include "gatehouse/base/event.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/files/file_cache.hpp"

namespace gatehouse::files {
namespace {

// A listing and its part of the memory for listings.
struct counted_listing {
  listing list;
  base::budget::part space;
};

http::http_error too_long(std::string const& path) {
  http::http_error error{.status = 500, .reason = "listing-too-long"};
  error.detail = path + ": its listing does not fit into the memory that there is for listings";
  return error;
}

}  // namespace

// A directory that is to be read, and the requests that wait for it.
struct long_listings::job {
  struct waiter {
    base::executor thread;
    std::shared_ptr<base::event> ready;  // set on that thread
  };
  std::string path;
  sorting order;
  open_file directory;
  std::list<waiter> waiters;
  std::optional<outcome> result;

  bool is_for(std::string_view p, sorting o, struct stat const& state) const {
    return path == p && order == o && same_state(directory.status, state);
  }
};

// A request's place among those that wait for a job. The destructor gives it up. It may be empty,
// because the number of places is limited.
class long_listings::waiting_place {
 public:
  waiting_place(long_listings& of, base::executor thread, std::string path, sorting order,
                open_file directory)
      : of_(of), ready_(std::make_shared<base::event>(thread)) {
    std::lock_guard const lock(of_.mutex_);
    if (of_.waiting_ == base::limits::waiting_for_listings) return;
    what_ = of_.job_for(std::move(path), order, std::move(directory));
    place_ = what_->waiters.insert(what_->waiters.end(), {thread, ready_});
    ++of_.waiting_;
  }
  waiting_place(waiting_place const&) = delete;
  waiting_place& operator=(waiting_place const&) = delete;
  ~waiting_place() {
    if (!what_) return;
    std::lock_guard const lock(of_.mutex_);
    --of_.waiting_;
    what_->waiters.erase(place_);
  }

  bool is_taken() const { return what_ != nullptr; }
  base::event& ready() { return *ready_; }
  std::optional<outcome> result() const {
    std::lock_guard const lock(of_.mutex_);
    return what_->result;
  }

 private:
  long_listings& of_;
  std::shared_ptr<base::event> ready_;  // with the thread that sets it
  std::shared_ptr<job> what_;           // with all who wait for it and the thread that does it
  std::list<job::waiter>::iterator place_;
};

long_listings::~long_listings() {
  stopping_ = true;
  {
    std::lock_guard const lock(mutex_);
    news_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<listing const> long_listings::find(std::string_view path, sorting order,
                                                   struct stat const& state, time now) {
  std::lock_guard const lock(mutex_);
  auto const found = std::find_if(kept_.begin(), kept_.end(), [&](kept const& k) {
    return k.path == path && k.order == order && same_state(k.state, state);
  });
  if (found == kept_.end()) return nullptr;
  // If the directory was changed a moment ago, another change may not show in its times.
  auto const trusted = is_settled(state, std::chrono::system_clock::now())
                           ? time::duration(base::limits::kept_listing_time)
                           : time::duration(base::limits::cached_file_trust);
  return now - found->made_at <= trusted ? found->list : nullptr;
}

base::task<long_listings::outcome> long_listings::make(std::string path, sorting order,
                                                       open_file directory) {
  auto const detail = path;
  auto const thread = co_await boost::asio::this_coro::executor;
  if (!is_working()) co_return http::try_again_later("out-of-resources", "no thread for listings");
  waiting_place mine(*this, thread, std::move(path), order, std::move(directory));
  if (!mine.is_taken()) co_return http::try_again_later("listings-busy", detail);
  co_await mine.ready().wait_for(base::limits::listing_wait);
  auto result = mine.result();
  if (!result) co_return http::try_again_later("listing-timeout", detail);
  co_return std::move(*result);
}

// Starts the thread that reads directories if it does not run yet. False if that fails.
bool long_listings::is_working() {
  std::lock_guard const lock(mutex_);
  if (thread_.joinable()) return true;
  try {
    thread_ = std::thread([this] { work(); });
  } catch (std::system_error const&) {
    return false;
  }
  return true;
}

// The job that is already there for this directory, or a new one. To be called with the mutex held.
std::shared_ptr<long_listings::job> long_listings::job_for(std::string path, sorting order,
                                                           open_file directory) {
  auto const same = std::find_if(jobs_.begin(), jobs_.end(), [&](auto const& j) {
    return j->is_for(path, order, directory.status);
  });
  if (same != jobs_.end()) return *same;
  auto what =
      std::make_shared<job>(job{std::move(path), order, std::move(directory), {}, std::nullopt});
  jobs_.push_back(what);
  news_.notify_all();
  return what;
}

void long_listings::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    drop_old(std::chrono::steady_clock::now());
    if (jobs_.empty()) {
      if (kept_.empty()) {
        news_.wait(lock);
      } else {
        news_.wait_for(lock, base::limits::kept_listing_time);
      }
      continue;
    }
    auto const what = jobs_.front();
    std::optional<outcome> result;
    if (!what->waiters.empty()) {
      lock.unlock();
      result = read(*what);
      lock.lock();
    }
    jobs_.pop_front();
    if (!result) continue;  // Nobody waits for it any more.
    what->result = std::move(result);
    keep(*what);
    for (auto const& waiter : what->waiters) {
      boost::asio::post(waiter.thread, [ready = waiter.ready] { ready->set(); });
    }
  }
}

long_listings::outcome long_listings::read(job const& of) {
  try {
    return read_whole(of);
  } catch (std::bad_alloc const&) {
    return http::try_again_later("out-of-memory", of.path);
  }
}

long_listings::outcome long_listings::read_whole(job const& of) {
  auto const made = std::make_shared<counted_listing>();
  made->space = base::budget::part(space_);
  listing_reader reader(root_, of.directory, of.path);
  std::size_t counted = 0;
  for (auto state = listing_reader::progress::unfinished;
       state == listing_reader::progress::unfinished;) {
    if (stopping_) return http::try_again_later("stopping", of.path);
    auto const read = reader.read_some(base::limits::listing_names_at_once);
    if (read.has_error()) return read.error();
    state = *read;
    if (reader.size_bytes() > limit_bytes_) return too_long(of.path);
    if (!make_room(made->space, reader.size_bytes() - counted)) {
      return http::try_again_later("listings-unread",
                                   "long listings that slow clients are still reading fill the "
                                   "memory that there is for them");
    }
    counted = reader.size_bytes();
  }
  made->list = reader.take();
  sort_entries(made->list, of.order);
  return std::shared_ptr<listing const>(made, &made->list);
}

// Takes space for a listing. If there is not enough, the listings that are kept are dropped; those
// that are being sent keep their space.
bool long_listings::make_room(base::budget::part& space, std::size_t bytes) {
  if (space.grow(bytes)) return true;
  std::lock_guard const lock(mutex_);
  kept_.clear();
  return space.grow(bytes);
}

void long_listings::keep(job const& done) {
  if (done.result->has_error()) return;
  std::erase_if(kept_, [&](kept const& k) { return k.path == done.path && k.order == done.order; });
  if (kept_.size() == base::limits::kept_listings) kept_.pop_front();
  kept_.push_back({done.path, done.order, done.directory.status, std::chrono::steady_clock::now(),
                   **done.result});
}

void long_listings::drop_old(time now) {
  std::erase_if(kept_,
                [&](kept const& k) { return now - k.made_at > base::limits::kept_listing_time; });
}

}  // namespace gatehouse::files
