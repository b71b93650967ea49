#pragma once
// Prints every exchange as it happens, for people who watch: `--trace`.

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::trace {

class printer final : public tracer {
 public:
  // descriptor: where to print; it outlives the printer. Each step of an exchange is one write(2),
  // so that those of several threads do not mix. What cannot be written is lost. Requests for paths
  // below hidden_prefix are not printed; empty: all are. Secrets (base/secrets.hpp) are not
  // printed.
  printer(int descriptor, bool coloured, std::string hidden_prefix)
      : descriptor_(descriptor), coloured_(coloured), hidden_prefix_(std::move(hidden_prefix)) {}

  std::unique_ptr<sink> begin(http::exchange_context const& context,
                              std::optional<http::steady_time> connected) override;

 private:
  class printing;
  bool hides(std::string_view path) const;
  void print(std::string_view lines);

  int descriptor_;
  bool coloured_;
  std::string hidden_prefix_;
  std::atomic<std::uint64_t> exchanges_ = 0;
  std::mutex writing_;  // a write to a pipe may take a part
};

}  // namespace gatehouse::trace
