#include "gatehouse/app/router.hpp"

#include <algorithm>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/percent.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::app {
namespace {

http::http_error failure(unsigned status, std::string_view reason, std::string detail) {
  http::http_error error{.status = status, .reason = reason};
  error.detail = std::move(detail);
  return error;
}

http::response server_options() {
  http::response response;
  response.status = 204;
  response.fields.add("Allow", "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
  return response;
}

void report(std::string_view prefix, route_purpose const& what,
            http::exchange_context const& context) {
  trace::recorder const trace(context);
  trace(trace::routed{prefix, what.serves, what.target, what.runs_programs});
}

}  // namespace

void router::mount(route at, std::unique_ptr<http::handler> to, route_purpose what) {
  auto& entries = entries_of(at.host).entries;
  std::erase_if(entries, [&](entry const& e) { return e.prefix == at.prefix; });
  entries.push_back({std::move(at.prefix), std::move(to), std::move(what)});
  std::stable_sort(entries.begin(), entries.end(), [](entry const& a, entry const& b) {
    return a.prefix.size() > b.prefix.size();
  });
}

router::host_entries& router::entries_of(std::string const& host) {
  auto const found = std::find_if(hosts_.begin(), hosts_.end(),
                                  [&](host_entries const& h) { return h.host == host; });
  return found != hosts_.end() ? *found : hosts_.emplace_back(host_entries{host, {}});
}

std::optional<http::outcome> router::answer_at_once(http::request const& request,
                                                    http::exchange_context& context) {
  auto const* const next = find(request);
  if (next == nullptr) return std::nullopt;
  auto answer = next->to->answer_at_once(request, context);
  bool const leads_on = answer && std::holds_alternative<http::local_redirect>(*answer);
  if (leads_on) answer.reset();  // handle() asks again, and follows
  if (!answer) return std::nullopt;
  answered_at_once_.note();
  report(next->prefix, next->what, context);
  return answer;
}

base::task<http::outcome> router::handle(http::request const& request,
                                         http::body_source& request_body,
                                         http::exchange_context& context) {
  if (request.target.form == http::target_form::asterisk) co_return server_options();
  auto answer = co_await dispatch(request, request_body, context);
  http::empty_body nothing;
  for (int followed = 0; std::holds_alternative<http::local_redirect>(answer); ++followed) {
    auto const target = std::get<http::local_redirect>(answer).target;
    if (followed == base::limits::local_redirects) {
      co_return failure(502, "redirect-loop", "more local redirects in a row than are followed");
    }
    auto const next = redirected(request, target);
    if (next.has_error())
      co_return failure(502, "bad-local-redirect", target + ": " + next.error().detail);
    context.redirect_url = http::percent_encoded_path(request.target.path);
    answer = co_await dispatch(*next, nothing, context);
  }
  co_return answer;
}

base::task<http::outcome> router::dispatch(http::request const& request,
                                           http::body_source& request_body,
                                           http::exchange_context& context) {
  auto const* const next = find(request);
  if (next == nullptr) return http::answered(failure(404, "not-mapped", request.target.path));
  report(next->prefix, next->what, context);
  return next->to->handle(request, request_body, context);
}

router::entry const* router::find(http::request const& request) const {
  auto const& entries = entries_for(request).entries;
  auto const found = std::find_if(entries.begin(), entries.end(), [&](entry const& e) {
    return http::path_below(request.target.path, e.prefix).has_value();
  });
  return found == entries.end() ? nullptr : &*found;
}

// The name is looked at only where it can make a difference.
router::host_entries const& router::entries_for(http::request const& request) const {
  if (hosts_.size() == 1) return hosts_.front();
  auto const named = http::host_of(request);
  auto const found = std::find_if(hosts_.begin() + 1, hosts_.end(), [&](host_entries const& h) {
    return named && h.host == named->host;
  });
  return found != hosts_.end() ? *found : hosts_.front();
}

http::result<http::request> redirected(http::request const& request, std::string_view target) {
  auto parsed = http::parse_target("GET", target);
  if (parsed.has_error()) return parsed.error();
  http::request next = request;
  next.method = "GET";
  next.target = std::move(*parsed);
  next.target.authority = request.target.authority;
  next.content_length.reset();
  next.chunked = next.expects_continue = false;
  for (char const* const name : {"Content-Length", "Content-Type", "Content-Encoding", "Expect"}) {
    next.fields.erase(name);
  }
  return next;
}

}  // namespace gatehouse::app
