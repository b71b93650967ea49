#include "gatehouse/life/shared_resources.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::life {
namespace {

// As many connections and pipes as the system allows. Gives the limit that was in force.
rlim_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  auto const before = std::exchange(limit.rlim_cur, limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? before : 0;
}

// A body that is not over its limit can be spooled.
std::uint64_t spool_bytes(config::options const& chosen) {
  return std::max(chosen.server.spool_limit_bytes, chosen.site.body_limit_bytes);
}

}  // namespace

shared_resources::shared_resources(config::options const& chosen)
    : slots_(chosen.site.max_scripts, chosen.server.queue),
      spool_space_(std::make_shared<base::budget>(spool_bytes(chosen))),
      descriptor_limit_(raise_descriptor_limit()) {}

void shared_resources::get_ready(unsigned threads,
                                 std::optional<process::system_call_filter> filter) {
  launcher_ =
      std::make_unique<process::launcher>(process::pace{.alone = 2 * threads,
                                                        .beside_others = std::max(1U, threads / 2),
                                                        .others = &answered_at_once_},
                                          std::move(filter));
  keeper_ = std::make_unique<process::program_keeper>();
}

void shared_resources::change(config::options const& chosen) {
  slots_.resize(chosen.site.max_scripts, chosen.server.queue);
  spool_space_->resize(spool_bytes(chosen));
}

}  // namespace gatehouse::life
