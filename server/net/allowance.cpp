#include "gatehouse/net/allowance.hpp"

namespace gatehouse::net {

void allowance::waited(duration time) {
  if (rule_.least_bytes_per_second == 0) return;
  left_ -= time;
}

void allowance::moved(std::uint64_t bytes) {
  if (rule_.least_bytes_per_second == 0) return;
  // This is computed in floating point, because a count of bytes may be of any size. The grace
  // bounds the result.
  std::chrono::duration<double> const due(static_cast<double>(bytes) /
                                          static_cast<double>(rule_.least_bytes_per_second));
  if (due >= rule_.grace - left_) return renew();
  left_ += std::chrono::duration_cast<duration>(due);
}

void allowance::renew() {
  left_ = rule_.least_bytes_per_second == 0 ? duration::max() : rule_.grace;
}

}  // namespace gatehouse::net
