#include "gatehouse/base/deadline.hpp"

#include "gatehouse/base/clock.hpp"
#include "gatehouse/base/error.hpp"
#include "gatehouse/base/event.hpp"

namespace gatehouse::base {

struct deadline::state {
  state(executor ex, deadline& d) : clock(ex), owner(&d) {}
  timer clock;
  deadline* owner;                                  // null once it is gone
  timer::time_point at = timer::time_point::max();  // what set() asked for
  timer::time_point fires =
      timer::time_point::max();  // when the pending wait ends; max: none pending
  bool expired = false;
};

deadline::deadline(executor ex, std::function<void()> on_expiry)
    : executor_(ex), on_expiry_(std::move(on_expiry)) {}

deadline::~deadline() {
  if (!state_) return;
  state_->owner = nullptr;
  state_->clock.cancel();
}

void deadline::set(std::chrono::steady_clock::duration limit) {
  if (!state_) state_ = std::make_shared<state>(executor_, *this);
  state_->expired = false;
  state_->at = coarse_now() + coarse_tick + limit;
  if (state_->at < state_->fires) arm(state_);
}

void deadline::clear() {
  if (!state_) return;
  state_->expired = false;
  state_->at = timer::time_point::max();
}

bool deadline::expired() const {
  return state_ && state_->expired;
}

void deadline::arm(std::shared_ptr<state> const& s) {
  s->fires = s->at;
  s->clock.expires_at(s->at);  // cancels a pending wait
  s->clock.async_wait([s](error_code const& ec) {
    if (ec || s->owner == nullptr) return;
    s->fires = timer::time_point::max();
    if (s->at == timer::time_point::max()) return;
    if (std::chrono::steady_clock::now() < s->at) return arm(s);
    s->at = timer::time_point::max();
    s->expired = true;
    s->owner->on_expiry_();
  });
}

}  // namespace gatehouse::base
