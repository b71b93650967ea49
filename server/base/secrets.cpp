#include "gatehouse/base/secrets.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <shared_mutex>

#include "gatehouse/base/limits.hpp"

namespace gatehouse::base {
namespace {

struct secret_list {
  std::shared_mutex mutex;
  std::deque<std::string> texts;
  std::atomic<bool> has_some = false;  // Most servers have none, and need not lock then.
};

secret_list& all_secrets() {
  static secret_list list;
  return list;
}

// Replaces what `text` has of this secret by `***`.
void take_out(std::string& text, std::string_view secret) {
  constexpr std::string_view mark = "***";
  auto const head = secret.substr(0, limits::secret_head_bytes);
  for (auto at = text.find(head); at != std::string::npos; at = text.find(head, at)) {
    auto const there = std::string_view(text).substr(at, secret.size());
    auto const differs = std::mismatch(there.begin(), there.end(), secret.begin()).first;
    text.replace(at, static_cast<std::size_t>(differs - there.begin()), mark);
    at += mark.size();
  }
}

}  // namespace

void keep_secret(std::string_view text) {
  if (text.size() < limits::secret_head_bytes) return;
  auto& all = all_secrets();
  std::lock_guard const lock(all.mutex);
  if (std::find(all.texts.begin(), all.texts.end(), text) != all.texts.end()) return;
  all.texts.emplace_back(text);
  if (all.texts.size() > limits::secrets_kept) all.texts.pop_front();
  all.has_some = true;
}

std::optional<std::string> without_secrets(std::string_view text) {
  auto& all = all_secrets();
  if (!all.has_some.load(std::memory_order_relaxed)) return std::nullopt;
  std::shared_lock const lock(all.mutex);
  bool const clean = std::none_of(all.texts.begin(), all.texts.end(), [&](auto const& secret) {
    return text.find(std::string_view(secret).substr(0, limits::secret_head_bytes)) !=
           std::string_view::npos;
  });
  if (clean) return std::nullopt;
  std::string out(text);
  for (auto const& secret : all.texts) take_out(out, secret);
  return out;
}

}  // namespace gatehouse::base
