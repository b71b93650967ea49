#pragma once
// A request body whose beginning is buffered before its script takes a place among those that run,
// so that slow clients keep no script from running. As soon as a body is known to come fast, its
// script starts and the rest is streamed. Any other body is buffered until it is whole: its
// beginning in memory, the rest in a spool file.

#include <cstdint>
#include <memory>
#include <optional>

#include "gatehouse/base/budget.hpp"
#include "gatehouse/http/body_source.hpp"
#include "gatehouse/process/spool_file.hpp"

namespace gatehouse::gateway {

// What has come of a body, and then what is still to come.
class buffered_body final : public http::body_source {
 public:
  // Suspends until the body is whole, or `window` bytes of it came within limits::prompt_body_time,
  // or no room is left to keep more. length: of the whole body. rest outlives what is made here.
  // Errors: those of rest.
  static base::task<base::result<std::unique_ptr<buffered_body>>> wait_for(
      http::body_source& rest, std::uint64_t length, std::size_t window,
      std::shared_ptr<base::budget> space);

  base::task<base::result<std::size_t>> read_some(boost::asio::mutable_buffer buffer) override;
  base::task<base::result<std::size_t>> splice_some(int pipe) override;
  std::size_t available() const override;

 private:
  buffered_body(http::body_source& rest, std::size_t window);
  bool keep_on_disk(std::shared_ptr<base::budget> const& space);
  base::error_code rewind();

  http::body_source& rest_;
  std::optional<process::spool_file> file_;              // the first of it, while it is written
  std::optional<process::spool_file::content> on_disk_;  // and when it is read
  std::uint64_t left_on_disk_ = 0;
  std::unique_ptr<char[]> piece_;  // what follows that
  std::size_t taken_ = 0;
  std::size_t filled_ = 0;
};

}  // namespace gatehouse::gateway
