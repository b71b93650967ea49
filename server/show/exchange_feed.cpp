#include "gatehouse/show/exchange_feed.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>
#include <cstring>
#include <mutex>
#include <utility>

#include "gatehouse/base/event.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/show/recording_json.hpp"

namespace gatehouse::show {
namespace {

std::string event_text(trace::recording const& about) {
  return "event: exchange\nid: " + std::to_string(about.id) +
         "\ndata: " + boost::json::serialize(summary_json(about)) + "\n\n";
}

// What is still to be sent to one page. Other threads add to it.
class mailbox final : public exchange_store::watcher, public std::enable_shared_from_this<mailbox> {
 public:
  explicit mailbox(base::executor ex) : executor_(ex) {}

  // A page that reads too slowly loses its stream; it connects again and asks for the whole list.
  void updated(trace::recording const& about) override {
    if (closed_) return;
    auto const text = event_text(about);
    {
      std::lock_guard const lock(mutex_);
      if (waiting_.size() + text.size() > base::limits::waiting_news_bytes) {
        closed_ = true;
        waiting_ = {};
      }
      if (!closed_) waiting_ += text;
    }
    wake();
  }

  void closed() override {
    closed_ = true;
    wake();
  }

  // On the executor's thread. Suspends until there is news and returns it. The text is empty when
  // none came within limits::feed_silence; nothing is returned when no more will come.
  base::task<std::optional<std::string>> next() {
    auto text = take();
    if (!text.empty()) co_return text;
    if (closed_) co_return std::nullopt;
    news_ = std::make_shared<base::event>(executor_);
    text = take();  // News may have come before there was an event to set.
    if (!text.empty()) co_return text;
    auto const news = news_;
    co_await news->wait_for(base::limits::feed_silence);
    co_return take();
  }

 private:
  void wake() {
    boost::asio::post(executor_, [box = shared_from_this()] {
      if (box->news_) box->news_->set();
    });
  }

  std::string take() {
    std::lock_guard const lock(mutex_);
    return std::exchange(waiting_, {});
  }

  base::executor executor_;
  std::mutex mutex_;
  std::string waiting_;
  std::atomic<bool> closed_ = false;
  std::shared_ptr<base::event> news_;  // the executor's thread's
};

class event_stream final : public http::body_source {
 public:
  event_stream(std::shared_ptr<mailbox> box, http::exchange_context& context)
      : box_(std::move(box)),
        client_(context.when_client_leaves([box = box_] { box->closed(); })) {}

  base::task<base::result<std::size_t>> read_some(boost::asio::mutable_buffer buffer) override {
    if (text_.empty()) {
      auto next = co_await box_->next();
      if (!next) co_return std::size_t{0};
      text_ = next->empty() ? ":\n\n" : std::move(*next);
    }
    auto const size = std::min(text_.size(), buffer.size());
    std::memcpy(buffer.data(), text_.data(), size);
    text_.erase(0, size);
    co_return size;
  }

 private:
  std::shared_ptr<mailbox> box_;
  std::unique_ptr<http::subscription> client_;  // it leaves
  std::string text_ = "retry: 1000\n\n";
};

}  // namespace

std::unique_ptr<http::body_source> exchange_feed(exchange_store& of, http::exchange_context& to) {
  auto const box = std::make_shared<mailbox>(to.get_executor());
  of.watch(box);
  return std::make_unique<event_stream>(box, to);
}

}  // namespace gatehouse::show
