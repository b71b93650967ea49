#pragma once
// A worker's answer to one request, as every gateway reads answers. It gets a worker from the pool,
// and another one where that turns out to have ended before it began.

#include <memory>
#include <string>

#include "gatehouse/gateway/responder.hpp"
#include "gatehouse/http/exchange.hpp"
#include "gatehouse/http/handler.hpp"
#include "gatehouse/process/pool.hpp"
#include "gatehouse/wsgi/dialogue.hpp"

namespace gatehouse::wsgi {

struct run_rules {
  std::string application;
  std::string directory;
  dialogue_limits limits;
  std::chrono::steady_clock::duration queue_timeout;
};

class worker_run final : public gateway::responder {
 public:
  // All outlive finish().
  worker_run(process::pool& from, run_rules const& rules, http::exchange_context& context,
             std::shared_ptr<dialogue> with);
  ~worker_run() override;

  // Sends the request to the worker; see dialogue::begin().
  void begin(process::pool::lease worker);

  base::task<base::result<std::size_t>> read_output(boost::asio::mutable_buffer buffer) override;
  base::task<base::result<std::optional<std::size_t>>> read_output_within(
      boost::asio::mutable_buffer buffer, std::chrono::steady_clock::duration limit) override;
  std::optional<std::size_t> read_output_at_once(boost::asio::mutable_buffer buffer) override;
  base::task<void> finish() override;
  gateway::program_end end_now() override;
  base::task<gateway::program_end> end() override;
  std::string log_name() const override;
  http::http_error failure(base::error_code const& why) const override;
  base::task<http::diagnosis> diagnosis() override;

 private:
  std::optional<base::result<std::size_t>> end_of_output() const;
  base::task<void> ask_again();
  base::task<void> await_worker_end();
  base::task<void> await_lines();
  base::task<void> report_rest();
  std::string worker_text() const;
  http::http_error trouble_error() const;
  http::http_error late_error(std::chrono::steady_clock::duration limit, bool by_silence) const;

  process::pool& from_;
  run_rules const& rules_;
  http::exchange_context* context_;  // null once finished
  base::executor executor_;
  std::shared_ptr<dialogue> with_;
  std::optional<http::http_error> no_worker_;  // why there was none to ask again
  int attempts_ = 1;
  std::uint64_t lines_before_ = 0;  // that the worker had written before it got the request
};

}  // namespace gatehouse::wsgi
