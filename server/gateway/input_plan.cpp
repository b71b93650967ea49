#include "gatehouse/gateway/input_plan.hpp"

#include <memory>
#include <utility>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/gateway/buffered_body.hpp"
#include "gatehouse/process/spool_file.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::gateway {
namespace {

// Reads the whole body into a file.
base::task<base::result<process::spool_file>> spool(http::body_source& body,
                                                    std::shared_ptr<base::budget> space,
                                                    http::exchange_context const& context) {
  trace::recorder const trace(context);
  auto file = process::spool_file::create(std::move(space));
  if (file.has_error()) co_return file.error();
  auto const buffer = std::make_unique_for_overwrite<char[]>(base::limits::stream_buffer_bytes);
  while (true) {
    auto const read = co_await body.read_some(
        boost::asio::buffer(buffer.get(), base::limits::stream_buffer_bytes));
    if (read.has_error()) co_return read.error();
    if (*read == 0) co_return std::move(*file);
    trace(trace::stdin_bytes{{buffer.get(), *read}});
    if (auto const error = file->append({buffer.get(), *read})) co_return error;
  }
}

}  // namespace

base::task<base::result<input_plan>> plan_input(http::request const& request,
                                                http::body_source& body,
                                                std::shared_ptr<base::budget> spool_space,
                                                http::exchange_context const& context,
                                                std::size_t window) {
  input_plan plan;
  if (request.chunked) {
    auto file = co_await spool(body, std::move(spool_space), context);
    if (file.has_error()) co_return file.error();
    plan.length = file->size();
    auto released = file->release();
    if (released.has_error()) co_return released.error();
    plan.file = std::move(released->file);
    plan.spooled = std::move(released->space);
    co_return std::move(plan);
  }
  plan.length = request.content_length;
  if (plan.length.value_or(0) > 0) {
    plan.body = &body;
    if (body.available() < *plan.length) {
      auto buffered =
          co_await buffered_body::wait_for(body, *plan.length, window, std::move(spool_space));
      if (buffered.has_error()) co_return buffered.error();
      plan.buffered = std::move(*buffered);
      plan.body = plan.buffered.get();
    }
    plan.readable_at_once =
        plan.body->available() == *plan.length && *plan.length <= base::limits::small_body_bytes;
  }
  co_return std::move(plan);
}

}  // namespace gatehouse::gateway
