#include "gatehouse/app/sites.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "gatehouse/app/containment.hpp"
#include "gatehouse/app/error_page.hpp"
#include "gatehouse/base/limits.hpp"

namespace gatehouse::app {
namespace {

net::connection_limits limits_of(config::options const& chosen) {
  auto const& server = chosen.server;
  net::connection_limits out;
  out.header_limit_bytes = server.header_limit_bytes;
  out.body_limit_bytes = chosen.site.body_limit_bytes;
  out.header_timeout = server.header_timeout;
  out.idle_timeout = server.idle_timeout;
  out.least_rate = {
      .least_bytes_per_second = server.min_rate_bytes,
      .grace = std::min<net::duration>(base::limits::rate_grace, server.idle_timeout)};
  return out;
}

// Told by each pool how its start went; tells the last one's, or the first that failed.
class starting_pools {
 public:
  using outcome = std::optional<std::string>;
  starting_pools(std::size_t count, std::function<void(outcome)> done)
      : left_(count), done_(std::move(done)) {}

  void told(outcome wrong) {
    std::function<void(outcome)> call;
    {
      std::lock_guard const lock(mutex_);
      --left_;
      if (wrong || left_ == 0) call = std::exchange(done_, nullptr);
    }
    if (call) call(std::move(wrong));
  }

 private:
  std::mutex mutex_;
  std::size_t left_;
  std::function<void(outcome)> done_;
};

}  // namespace

sites::sites(config::options const& chosen, life::shared_resources& shared, map_kinds kinds)
    : routes_(shared.answered_at_once()) {
  sites_.push_back(
      std::make_unique<site>(chosen.server, chosen.site, shared, routes_, std::string(), kinds));
  service_.handler = &routes_;
  service_.render_error = [](http::http_error const& error, http::request const* request,
                             bool client_is_loopback, std::uint64_t) {
    return render_error(error, request, client_is_loopback);
  };
  service_.limits = limits_of(chosen);
}

void sites::trace_to(trace::tracer& one) {
  tracers_.add(one);
  service_.tracer = &tracers_;
}

void sites::get_ready(config::options const& chosen) {
  auto containment = make_containment(chosen.server);
  containment.sandbox = make_sandbox(chosen);
  auto const held_by = std::make_shared<process::containment const>(std::move(containment));
  for (auto const& one : sites_) one->get_ready(chosen.server, held_by);
}

void sites::start_programs(std::function<void(std::optional<std::string>)> done) {
  std::vector<std::shared_ptr<process::pool>> all;
  for (auto const& one : sites_) all.insert(all.end(), one->pools().begin(), one->pools().end());
  if (all.empty()) return done(std::nullopt);
  auto const starting = std::make_shared<starting_pools>(all.size(), std::move(done));
  for (auto const& one : all)
    one->start([starting](std::optional<std::string> wrong) { starting->told(std::move(wrong)); });
}

std::vector<std::string> sites::sources() const {
  std::vector<std::string> out;
  for (auto const& one : sites_) {
    for (auto const& programs : one->pools()) {
      auto const more = programs->sources();
      out.insert(out.end(), more.begin(), more.end());
    }
  }
  return out;
}

bool sites::keeps_programs() const {
  return std::any_of(sites_.begin(), sites_.end(),
                     [](auto const& one) { return one->keeps_programs(); });
}

std::shared_ptr<process::pool> sites::pool_at(std::string_view prefix) const {
  for (auto const& one : sites_) {
    if (auto found = one->pool_at(prefix)) return found;
  }
  return nullptr;
}

}  // namespace gatehouse::app
