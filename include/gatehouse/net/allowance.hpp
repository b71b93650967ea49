#pragma once
// How long a client may keep the server waiting. Its time runs only while the server waits for it
// and is given back by the bytes that it moves, so that a client which keeps up with the least rate
// is never let go, whatever it sends or fetches, and one that trickles is. Pure.

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "gatehouse/base/limits.hpp"

namespace gatehouse::net {

struct rate_rule {
  using duration = std::chrono::steady_clock::duration;
  std::uint64_t least_bytes_per_second = 0;   // 0: any progress will do
  duration grace = base::limits::rate_grace;  // how far behind that rate a client may fall
};

class allowance {
 public:
  using duration = rate_rule::duration;

  explicit allowance(rate_rule rule) : rule_(rule) { renew(); }

  rate_rule const& rule() const { return rule_; }

  // How much longer the client may be waited for; never ends without a rate. Not under zero.
  duration left() const { return std::max(duration::zero(), left_); }

  // The client kept us waiting for so long; what is more than it had left, it owes.
  void waited(duration time);

  // It moved so many bytes: the time in which they were due at the least rate is given back, up to
  // the grace.
  void moved(std::uint64_t bytes);

  // Something new begins: the whole grace.
  void renew();

 private:
  rate_rule rule_;
  duration left_{};  // under zero: owed
};

}  // namespace gatehouse::net
