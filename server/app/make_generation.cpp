#include "gatehouse/app/make_generation.hpp"

#include <unistd.h>

#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "gatehouse/app/access_log.hpp"
#include "gatehouse/app/error_page.hpp"
#include "gatehouse/app/health.hpp"
#include "gatehouse/app/programs.hpp"
#include "gatehouse/app/sites.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/base/secrets.hpp"
#include "gatehouse/http/target.hpp"
#include "gatehouse/show/inspector.hpp"
#include "gatehouse/show/terminal.hpp"

namespace gatehouse::app {
namespace {

// What a generation's service lives in.
struct logged_sites {
  // Throws as sites does.
  logged_sites(config::options const& chosen, life::shared_resources& shared, map_kinds kinds)
      : what(chosen, shared, kinds) {}

  access_log log;
  sites what;
};

std::optional<config::usage_error> refuse_open_inspector(
    config::options const& chosen, std::vector<boost::asio::ip::tcp::endpoint> const& at) {
  if (!chosen.server.inspect || !chosen.server.inspect_token.empty()) return std::nullopt;
  for (auto const& one : at) {
    if (one.address().is_loopback()) continue;
    return config::usage_error{
        "gatehouse: --inspect: it shows requests with all that is in them, and others reach " +
        one.address().to_string() + "; use --inspect-token TOKEN there"};
  }
  return std::nullopt;
}

std::optional<config::usage_error> open_log(logged_sites& one, config::options const& chosen) {
  auto log = access_log::open(chosen.site.access_log, chosen.server.log_format);
  if (log.has_error()) {
    return config::usage_error{"gatehouse: --access-log: " + chosen.site.access_log + ": " +
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

// Error pages of exchanges that their client may see in the inspector link to it. With a token they
// do not: the address would need it.
void link_errors_to_inspector(net::service& service) {
  service.render_error = [](http::http_error const& error, http::request const* request,
                            bool client_is_loopback, std::uint64_t exchange) {
    bool const shown = request != nullptr && exchange != 0 &&
                       !http::path_below(request->target.path, show::inspector_prefix) &&
                       !show::refuse_access(show::inspector_access(), *request, client_is_loopback);
    return render_error(error, request, client_is_loopback,
                        shown ? "/-/#" + std::to_string(exchange) : std::string());
  };
}

void attach_targets(sites& what, std::weak_ptr<net::service const> service,
                    config::options const& chosen, trace_targets& targets, map_kinds kinds) {
  if (chosen.server.log_level == base::log::level::trace) what.trace_to(targets.log);
  auto const hidden = std::string(show::inspector_prefix);
  if (chosen.server.trace) {
    if (!targets.printing) {
      targets.printing.emplace(STDERR_FILENO, show::shows_colours(STDERR_FILENO),
                               chosen.server.inspect ? hidden : std::string());
    }
    what.trace_to(*targets.printing);
  }
  if (chosen.server.inspect) {
    if (!targets.exchanges) targets.exchanges.emplace(hidden);
    what.trace_to(*targets.exchanges);
    auto page = std::make_unique<show::inspector>(
        *targets.exchanges, std::move(service), show::inspector_access{chosen.server.inspect_token},
        [chosen, kinds] { return runnable_programs(chosen, kinds); });
    what.routes().mount({hidden}, std::move(page), {"the inspector", ""});
    if (chosen.server.inspect_token.empty()) link_errors_to_inspector(what.service());
  }
}

}  // namespace

std::variant<life::generation, config::usage_error> make_generation(
    config::options const& chosen, std::vector<boost::asio::ip::tcp::endpoint> const& at,
    life::shared_resources& shared, trace_targets& targets, map_kinds kinds) try {
  base::keep_secret(chosen.server.inspect_token);
  auto const one = std::make_shared<logged_sites>(chosen, shared, kinds);
  if (auto const wrong = refuse_open_inspector(chosen, at)) return *wrong;
  if (auto const wrong = open_log(*one, chosen)) return *wrong;
  std::shared_ptr<net::service> const service(one, &one->what.service());
  attach_targets(one->what, service, chosen, targets, kinds);
  // The service keeps the sites that are got ready.
  return life::generation{chosen, service, [what = &one->what, chosen] { what->get_ready(chosen); },
                          [what = &one->what](auto done) { what->start_programs(std::move(done)); },
                          [what = &one->what] { return what->sources(); }};
} catch (std::exception const& e) {
  return config::usage_error{std::string("gatehouse: ") + e.what()};
}

}  // namespace gatehouse::app
