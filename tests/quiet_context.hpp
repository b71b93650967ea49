#pragma once
// An exchange without a connection, for handlers that are asked directly. Its client never leaves.

#include "gatehouse/http/exchange.hpp"

namespace gatehouse::tests {

class quiet_context final : public http::exchange_context {
 public:
  explicit quiet_context(base::executor executor) : exchange_context(executor, {}, {}) {}
  void when_client_leaves(std::function<void()>) override {}
};

}  // namespace gatehouse::tests
