#pragma once
// A program that is being started, until its owner takes it over as a child_process. The owner may
// give up meanwhile: then the program is stopped as soon as it runs.

#include <chrono>
#include <string>

#include "gatehouse/process/child_process.hpp"
#include "gatehouse/process/launcher.hpp"

namespace gatehouse::process {

class order {
 public:
  // Has the program started; does not suspend, see launcher::begin(). name and grace: see
  // child_process. The launcher outlives the program.
  order(base::executor ex, launcher& from, program what, std::string name,
        std::chrono::steady_clock::duration grace);
  order(order const&) = delete;
  order& operator=(order const&) = delete;
  // A program that nobody took on is stopped as soon as it runs.
  ~order();

  // Suspends until the program runs or could not be started: it is the caller's from then on.
  // Errors: see vfork_launcher::start(). To be called once. Throws std::bad_alloc.
  base::task<base::result<child_process>> child();

  // See launch::way(); after child().
  std::optional<start_way> way() const { return launched_.way(); }

 private:
  launch launched_;
  base::executor executor_;
  std::string name_;
  launcher& from_;
  std::chrono::steady_clock::duration grace_;
  bool settled_ = false;  // taken on, or never started
};

}  // namespace gatehouse::process
