#pragma once
// An exchange without a connection, for handlers that are asked directly. Its client never leaves.

#include "gatehouse/http/exchange.hpp"

namespace gatehouse::tests {

class quiet_context final : public http::exchange_context {
 public:
  explicit quiet_context(base::executor executor) : exchange_context(executor, {}) {}
  std::unique_ptr<http::subscription> when_client_leaves(std::function<void()>) override {
    return nullptr;
  }
};

}  // namespace gatehouse::tests
