#include "gatehouse/net/admission.hpp"

#include <algorithm>

namespace gatehouse::net {
namespace {

using boost::asio::ip::address_v4;

// IPv4 addresses get the prefix of IPv4-mapped addresses (RFC 4291, 2.5.5.2), which no network of
// IPv6 hosts has.
admission::source source_of_v4(address_v4 const& address) {
  admission::source out{0, 0, 0xFF, 0xFF};
  std::ranges::copy(address.to_bytes(), out.begin() + 4);
  return out;
}

}  // namespace

admission::source admission::source_of(boost::asio::ip::address const& address) {
  if (address.is_v4()) return source_of_v4(address.to_v4());
  auto const v6 = address.to_v6();
  if (v6.is_v4_mapped()) {
    return source_of_v4(boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, v6));
  }
  source out;
  auto const bytes = v6.to_bytes();
  std::copy_n(bytes.begin(), out.size(), out.begin());
  return out;
}

admission::answer admission::ask(source const& client) const {
  std::lock_guard const lock(mutex_);
  if (limits_.per_address > 0) {
    auto const found = by_source_.find(client);
    if (found != by_source_.end() && found->second >= limits_.per_address)
      return answer::address_full;
  }
  bool const full = limits_.connections > 0 && size_ >= limits_.connections;
  return full ? answer::full : answer::free;
}

admission::place admission::take(source const& client) {
  std::lock_guard const lock(mutex_);
  if (limits_.per_address > 0) ++by_source_[client];
  ++size_;
  return {*this, client};
}

std::size_t admission::size() const {
  std::lock_guard const lock(mutex_);
  return size_;
}

void admission::give_back(source const& client) {
  std::lock_guard const lock(mutex_);
  --size_;
  if (limits_.per_address == 0) return;
  auto const found = by_source_.find(client);
  if (--found->second == 0) by_source_.erase(found);
}

}  // namespace gatehouse::net
