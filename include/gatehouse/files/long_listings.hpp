#pragma once
// Listings of large directories. They are read and sorted by a thread of their own, one at a time,
// because a directory of a million names takes seconds; and they are kept for a moment, for those
// who ask for the same one. Nothing is read twice while its first reading is under way.

#include <atomic>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "gatehouse/base/budget.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/files/listing.hpp"

namespace gatehouse::files {

class long_listings {
 public:
  using time = std::chrono::steady_clock::time_point;
  using outcome = http::result<std::shared_ptr<listing const>>;

  // root outlives the listings. limit: of what is kept and what is still being sent, all together.
  explicit long_listings(document_root const& root,
                         std::size_t limit_bytes = base::limits::listings_bytes)
      : root_(root),
        limit_bytes_(limit_bytes),
        space_(std::make_shared<base::budget>(limit_bytes)) {}
  long_listings(long_listings const&) = delete;
  long_listings& operator=(long_listings const&) = delete;
  ~long_listings();  // waits until the thread has put aside what it is doing

  // The listing in this order that is kept of the directory, which is now as `state` says; null if
  // there is none. A directory's own times tell of every name that comes or goes, but not of files
  // that change: so it is kept for limits::kept_listing_time at the most.
  std::shared_ptr<listing const> find(std::string_view path, sorting order,
                                      struct stat const& state, time now);

  // The listing of the directory, which was opened by that decoded URL path, in this order. The
  // caller outlives the wait. Suspends.
  //   503 listings-busy     limits::waiting_for_listings wait already
  //   503 listing-timeout   it was not ready after limits::listing_wait; it will be kept
  //   503 listings-unread   others that are still being sent take up the room
  //   500 listing-too-long  it alone is over the limit
  //   those of listing_reader, 503 out-of-resources without a thread
  base::task<outcome> make(std::string path, sorting order, open_file directory);

 private:
  struct job;
  class waiting_place;
  struct kept {
    std::string path;
    sorting order;
    struct stat state;
    time made_at;
    std::shared_ptr<listing const> list;
  };

  bool is_working();
  std::shared_ptr<job> job_for(std::string path, sorting order, open_file directory);
  void work();
  outcome read(job const& of);
  outcome read_whole(job const& of);
  bool make_room(base::budget::part& space, std::size_t bytes);
  void keep(job const& done);
  void drop_old(time now);

  document_root const& root_;
  std::size_t limit_bytes_;
  std::shared_ptr<base::budget> space_;
  std::mutex mutex_;  // of all below
  std::condition_variable news_;
  std::list<std::shared_ptr<job>> jobs_;  // the first one is being done
  std::list<kept> kept_;
  std::size_t waiting_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;  // from the first job
};

}  // namespace gatehouse::files
