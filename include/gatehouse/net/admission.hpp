#pragma once
// How many connections are open, in all and from each address, and whether there is a place for one
// more. Counts only: whom to turn away or to let go for it is the listener's to say.

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace gatehouse::net {

struct admission_limits {
  std::size_t connections = 0;  // in all; 0: no limit
  std::size_t per_address = 0;  // from one address; 0: no limit
};

class admission {
 public:
  explicit admission(admission_limits limits) : limits_(limits) {}
  admission(admission const&) = delete;
  admission& operator=(admission const&) = delete;

  // What counts as one client: an IPv4 address, also one that is written as IPv6, or the network of
  // 64 bits that an IPv6 host can take any address of.
  using source = std::array<unsigned char, 8>;
  static source source_of(boost::asio::ip::address const& address);

  // One connection's place, given back by the destructor on whichever thread. Outlived by the
  // admission.
  class place {
   public:
    place() = default;
    place(admission& from, source const& client) : from_(&from), client_(client) {}
    place(place&& other) noexcept
        : from_(std::exchange(other.from_, nullptr)), client_(other.client_) {}
    place& operator=(place&& other) noexcept {
      std::swap(from_, other.from_);
      std::swap(client_, other.client_);
      return *this;
    }
    ~place() {
      if (from_ != nullptr) from_->give_back(client_);
    }

   private:
    admission* from_ = nullptr;
    source client_{};
  };

  enum class answer { free, full, address_full };
  // Whether one more from there is within the limits. Thread-safe, as are the others.
  answer ask(source const& client) const;

  // A place, within the limits or not.
  place take(source const& client);

  std::size_t size() const;
  admission_limits const& limits() const { return limits_; }

 private:
  struct hash {
    std::size_t operator()(source const& client) const {
      return std::hash<std::string_view>()(
          {reinterpret_cast<char const*>(client.data()), client.size()});
    }
  };

  void give_back(source const& client);

  admission_limits const limits_;
  mutable std::mutex mutex_;
  std::size_t size_ = 0;
  std::unordered_map<source, std::size_t, hash> by_source_;  // empty without a limit for each
};

}  // namespace gatehouse::net
