#include "gatehouse/base/deadline.hpp"

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/event.hpp"

namespace gatehouse::base {

struct deadline::state {
  state(executor ex, std::function<void()> action) : clock(ex), on_expiry(std::move(action)) {}
  timer clock;
  std::function<void()> on_expiry;
  timer::time_point at = timer::time_point::max();  // what set() asked for
  timer::time_point fires =
      timer::time_point::max();  // when the pending wait ends; max: none pending
  bool expired = false;
};

deadline::deadline(executor ex, std::function<void()> on_expiry)
    : state_(std::make_shared<state>(ex, std::move(on_expiry))) {}

deadline::~deadline() {
  state_->on_expiry = nullptr;
  state_->clock.cancel();
}

void deadline::set(std::chrono::steady_clock::duration limit) {
  state_->expired = false;
  state_->at = std::chrono::steady_clock::now() + limit;
  if (state_->at < state_->fires) arm(state_);
}

void deadline::clear() {
  state_->expired = false;
  state_->at = timer::time_point::max();
}

bool deadline::expired() const {
  return state_->expired;
}

void deadline::arm(std::shared_ptr<state> const& s) {
  s->fires = s->at;
  s->clock.expires_at(s->at);  // cancels a pending wait
  s->clock.async_wait([s](error_code const& ec) {
    if (ec || !s->on_expiry) return;
    s->fires = timer::time_point::max();
    if (s->at == timer::time_point::max()) return;
    if (std::chrono::steady_clock::now() < s->at) return arm(s);
    s->at = timer::time_point::max();
    s->expired = true;
    s->on_expiry();
  });
}

}  // namespace gatehouse::base
