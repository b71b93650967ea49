#include "gatehouse/upstream/connection_search.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "gatehouse/upstream/kept_connections.hpp"

namespace gatehouse::upstream {

base::task<base::result<std::shared_ptr<connection>>> connection_search::get(wanted which) {
  std::vector<bool> tried(to_->size());
  base::error_code last;
  bool busy = false;
  while (auto const place = to_->choose(tried)) {
    if (auto one = kept(*place, which)) co_return std::move(one);
    tried[*place] = true;
    auto one = std::make_shared<connection>(executor_, to_, *place);
    one->begin_request();
    last = co_await connect(one);
    if (cancelled_) co_return base::error_code(boost::asio::error::operation_aborted);
    if (!last) {
      one->when_late(on_late_);
      to_->succeeded(*place);
      co_return std::move(one);
    }
    to_->failed(*place, last);
    busy = busy || last == boost::system::errc::resource_unavailable_try_again;
  }
  if (busy) last = {EAGAIN, boost::system::system_category()};
  co_return last;
}

std::shared_ptr<connection> connection_search::find_kept(wanted which) {
  auto const place = to_->choose({});
  return place ? kept(*place, which) : nullptr;
}

std::shared_ptr<connection> connection_search::adopt(base::unique_fd connected) {
  auto one = std::make_shared<connection>(executor_, to_, 0);
  if (one->adopt(std::move(connected)) || one->is_spoiled()) return nullptr;
  one->begin_request();
  one->when_late(on_late_);
  return one;
}

void connection_search::close_kept() {
  auto& all = kept_connections::of(executor_);
  for (std::size_t place = 0; place < to_->size(); ++place) {
    while (all.take(*to_, place)) {
    }
  }
}

std::shared_ptr<connection> connection_search::kept(std::size_t place, wanted which) {
  auto& all = kept_connections::of(executor_);
  if (which == wanted::fresh) {
    // The process that it occupies is to turn to the new one.
    all.take(*to_, place).reset();
    return nullptr;
  }
  while (auto one = all.take(*to_, place)) {
    if (one->is_spoiled()) continue;
    one->begin_request();
    one->when_late(on_late_);
    return one;
  }
  return nullptr;
}

base::task<base::error_code> connection_search::connect(std::shared_ptr<connection> one) {
  auto const begun = one->begin_connect();
  if (begun.has_error()) co_return begun.error();
  if (*begun == connection::connecting::done) co_return base::error_code{};
  pending_ = one;
  bool late = false;
  one->when_late([&late, which = one.get()] {
    late = true;
    which->cancel();
  });
  one->set_deadline(limit_);
  auto const error = co_await one->connected();
  one->clear_deadline();
  one->when_late({});
  pending_.reset();
  co_return late&& error ? base::error_code(boost::asio::error::timed_out) : error;
}

void connection_search::cancel() {
  cancelled_ = true;
  if (pending_) pending_->cancel();
}

}  // namespace gatehouse::upstream
