#include "gatehouse/trace/printer.hpp"

#include <unistd.h>

#include <cerrno>

#include "gatehouse/base/log.hpp"
#include "gatehouse/base/secrets.hpp"
#include "gatehouse/http/target.hpp"
#include "gatehouse/trace/exchange_text.hpp"

namespace gatehouse::trace {

// Printing begins when the path of the request is known, or it is known to have none, because only
// then is it clear whether the exchange is hidden.
class printer::printing final : public sink {
 public:
  printing(printer& to, recording begun) : to_(to), begun_(std::move(begun)) {}

  void record(event const& what) override {
    auto const now = std::chrono::steady_clock::now();
    if (auto const* const head = std::get_if<request_head>(&what)) {
      head_ = head->bytes;
      head_at_ = now;
      return;
    }
    if (auto const* const parsed = std::get_if<request_parsed>(&what))
      hidden_ = to_.hides(parsed->request.target.path);
    if (hidden_) return;
    if (!text_) begin_text();
    print_event(what, now);
  }

  bool prints_stderr() const override { return text_.has_value(); }

 private:
  void begin_text() {
    text_.emplace(++to_.exchanges_, begun_, to_.coloured_);
    if (!head_.empty()) print_event(request_head{head_}, head_at_);
  }

  void print_event(event const& what, http::steady_time now) {
    auto const lines = text_->add(what, now);
    if (!lines.empty()) to_.print(lines);
  }

  printer& to_;
  recording begun_;
  bool hidden_ = false;
  std::string head_;
  http::steady_time head_at_;
  std::optional<exchange_text> text_;
};

std::unique_ptr<sink> printer::begin(http::exchange_context const& context,
                                     std::optional<http::steady_time> connected) {
  return std::make_unique<printing>(*this, begin_recording(context, connected));
}

bool printer::hides(std::string_view path) const {
  return !hidden_prefix_.empty() && http::path_below(path, hidden_prefix_).has_value();
}

void printer::print(std::string_view lines) {
  base::log::end_block();
  auto const cleared = base::without_secrets(lines);
  if (cleared) lines = *cleared;
  std::lock_guard const one_at_a_time(writing_);
  while (!lines.empty()) {
    auto const written = ::write(descriptor_, lines.data(), lines.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    lines.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace gatehouse::trace
