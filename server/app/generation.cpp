#include "gatehouse/app/generation.hpp"

#include <unistd.h>

#include <exception>
#include <string>
#include <utility>

#include "gatehouse/app/health.hpp"
#include "gatehouse/app/inspector.hpp"
#include "gatehouse/app/terminal.hpp"
#include "gatehouse/base/log.hpp"

namespace gatehouse::app {
namespace {

std::optional<usage_error> refuse_open_inspector(options const& chosen,
                                                 boost::asio::ip::tcp::endpoint const& at) {
  if (!chosen.inspect || !chosen.inspect_token.empty() || at.address().is_loopback())
    return std::nullopt;
  return usage_error{
      "gatehouse: --inspect: it shows requests with all that is in them, and others "
      "reach " +
      at.address().to_string() + "; use --inspect-token TOKEN there"};
}

std::optional<usage_error> open_log(generation& one) {
  auto const& chosen = one.chosen;
  auto log = access_log::open(chosen.access_log, chosen.log_format);
  if (log.has_error()) {
    return usage_error{"gatehouse: --access-log: " + chosen.access_log + ": " +
                       log.error().message()};
  }
  one.log = std::move(*log);
  if (!one.log.is_on()) return std::nullopt;
  one.what.service().log_exchange = [&log = one.log](http::request const* request,
                                                     http::exchange_context const& context) {
    bool const health_check = request != nullptr && request->target.path == health_path;
    if (!health_check) log.write(request, context);
  };
  return std::nullopt;
}

void tell_onlookers(std::shared_ptr<generation> const& one, onlookers& told) {
  auto const& chosen = one->chosen;
  auto& what = one->what;
  if (chosen.log_level == base::log::level::trace) what.trace_to(told.log);
  auto const hidden = std::string(inspector_prefix);
  if (chosen.trace) {
    if (!told.printing) {
      told.printing.emplace(STDERR_FILENO, shows_colours(STDERR_FILENO),
                            chosen.inspect ? hidden : std::string());
    }
    what.trace_to(*told.printing);
  }
  if (chosen.inspect) {
    if (!told.exchanges) told.exchanges.emplace(hidden);
    what.trace_to(*told.exchanges);
    what.routes().mount(hidden,
                        std::make_unique<inspector>(*told.exchanges, service_of(one),
                                                    inspector_access{chosen.inspect_token}),
                        {"the inspector", ""});
  }
}

}  // namespace

std::variant<std::shared_ptr<generation>, usage_error> make_generation(
    options const& chosen, boost::asio::ip::tcp::endpoint const& at, premises& where,
    onlookers& told) try {
  auto one = std::make_shared<generation>(chosen, where);
  if (auto const wrong = refuse_open_inspector(chosen, at)) return *wrong;
  if (auto const wrong = open_log(*one)) return *wrong;
  tell_onlookers(one, told);
  return one;
} catch (std::exception const& e) {
  return usage_error{std::string("gatehouse: ") + e.what()};
}

std::shared_ptr<net::service> service_of(std::shared_ptr<generation> const& one) {
  return {one, &one->what.service()};
}

}  // namespace gatehouse::app
