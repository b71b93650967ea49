#include "gatehouse/upstream/kept_connections.hpp"

#include <algorithm>
#include <utility>

#include "gatehouse/base/clock.hpp"
#include "gatehouse/base/limits.hpp"

namespace gatehouse::upstream {

namespace limits = base::limits;

boost::asio::execution_context::id kept_connections::id;

kept_connections::kept_connections(boost::asio::execution_context& of)
    : boost::asio::execution_context::service(of) {}

kept_connections::~kept_connections() = default;

kept_connections& kept_connections::of(base::executor const& ex) {
  return boost::asio::use_service<kept_connections>(ex.context());
}

std::shared_ptr<connection> kept_connections::take(application const& to, std::size_t place) {
  for (auto i = idle_.size(); i > 0; --i) {
    auto& candidate = idle_[i - 1].one;
    if (&candidate->to() != &to || candidate->place() != place) continue;
    auto out = std::move(candidate);
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i - 1));
    return out;
  }
  return nullptr;
}

void kept_connections::keep(std::shared_ptr<connection> one) {
  auto& to = one->to();
  if (!executor_ || to.is_waited_for()) return;
  know(to);
  if (idle_.size() >= limits::kept_upstream_connections) idle_.erase(idle_.begin());
  idle_.push_back({std::move(one), base::coarse_now()});
  look_later();
}

// Whoever waits for the application, in any thread, can ask for a connection from now on.
void kept_connections::know(application& to) {
  bool const knows = std::any_of(known_.begin(), known_.end(), [&](auto const& each) {
    return !each.owner_before(to.weak_from_this()) && !to.weak_from_this().owner_before(each);
  });
  if (knows) return;
  std::erase_if(known_, [](auto const& each) { return each.expired(); });
  known_.push_back(to.weak_from_this());
  to.add({*executor_, [this, of = &to](std::optional<std::size_t> place) { close(of, place); }});
}

void kept_connections::close(application const* to, std::optional<std::size_t> place) {
  auto const leads_there = [&](entry const& e) {
    return &e.one->to() == to && (!place || e.one->place() == *place);
  };
  if (!place) {
    std::erase_if(idle_, leads_there);
    return;
  }
  auto const found = std::find_if(idle_.begin(), idle_.end(), leads_there);
  if (found != idle_.end()) idle_.erase(found);
}

// While there are any, those whose time is over and those that the application has closed are
// looked for from time to time.
void kept_connections::look_later() {
  if (std::exchange(looking_, true)) return;
  if (!look_) look_.emplace(*executor_);
  look_->expires_after(limits::kept_upstream_look);
  look_->async_wait([this](base::error_code const& ec) {
    if (ec) return;
    looking_ = false;
    auto const oldest = base::coarse_now() - limits::kept_upstream_time;
    std::erase_if(idle_, [&](entry const& e) { return e.since < oldest || e.one->is_spoiled(); });
    if (!idle_.empty()) look_later();
  });
}

void kept_connections::shutdown() {
  for (auto const& each : known_) {
    if (auto const alive = each.lock()) alive->remove(*executor_);
  }
  known_.clear();
  idle_.clear();
  look_.reset();
}

}  // namespace gatehouse::upstream
