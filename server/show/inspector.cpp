#include "gatehouse/show/inspector.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "gatehouse/base/embedded_file.hpp"
#include "gatehouse/base/escape.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/http/local_request.hpp"
#include "gatehouse/http/percent.hpp"
#include "gatehouse/http/target.hpp"
#include "gatehouse/net/in_process.hpp"
#include "gatehouse/show/exchange_feed.hpp"
#include "gatehouse/show/recording_json.hpp"
#include "gatehouse/show/text_search.hpp"

namespace gatehouse {

std::span<base::embedded_file const> inspector_files();

namespace show {
namespace {

constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::string_view token_cookie = "gatehouse-inspector";
constexpr std::string_view one_exchange = "/exchanges/";

http::http_error failure(unsigned status, std::string_view reason, std::string explanation) {
  http::http_error error{.status = status, .reason = reason};
  error.detail = explanation;
  error.help.explanation = std::move(explanation);
  return error;
}

http::response answer(std::string_view type, std::string content) {
  http::response out;
  out.fields.add("Content-Type", type);
  out.fields.add("Cache-Control", "no-store");
  out.fields.add("Content-Security-Policy", policy);
  out.fields.add("X-Content-Type-Options", "nosniff");
  out.fields.add("Referrer-Policy", "no-referrer");
  out.fields.add("Cross-Origin-Resource-Policy", "same-origin");
  out.body = http::make_buffer(std::move(content));
  return out;
}

http::response json_answer(boost::json::object const& content) {
  return answer("application/json", boost::json::serialize(content));
}

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "text/html; charset=utf-8";
}

std::optional<http::outcome> page_file(std::string_view name) {
  auto const files = inspector_files();
  auto const found = std::find_if(files.begin(), files.end(),
                                  [&](base::embedded_file const& f) { return f.name == name; });
  if (found == files.end()) return std::nullopt;
  return answer(type_of(name), std::string(found->bytes));
}

// Compares in the same time for every pair of the same length, so that the time does not tell how
// much of a guess was right.
bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned different = 0;
  for (std::size_t i = 0; i < a.size(); ++i) different |= static_cast<unsigned>(a[i] ^ b[i]);
  return different == 0;
}

std::string_view value_in(std::string_view text, char separator, std::string_view name) {
  while (!text.empty()) {
    auto const end = std::min(text.find(separator), text.size());
    auto const pair = http::trim_ows(text.substr(0, end));
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('='))
      return pair.substr(name.size() + 1);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

bool has_token(http::request const& request, std::string_view token) {
  return same_secret(value_in(request.target.query, '&', "token"), token) ||
         same_secret(value_in(request.fields.combined("Cookie"), ';', token_cookie), token);
}

bool names_this_machine(http::request const& request) {
  auto const host = request.fields.find("Host");
  auto const parsed = http::parse_host(request.target.authority.empty() ? host.value_or("")
                                                                        : request.target.authority);
  if (!parsed) return false;
  return parsed->host == "localhost" || parsed->host == "127.0.0.1" || parsed->host == "[::1]";
}

base::task<base::result<std::string>> read_whole(http::body_source& body) {
  std::string whole;
  std::array<char, base::limits::small_read_bytes> buffer;
  while (true) {
    auto const read = co_await body.read_some(boost::asio::buffer(buffer));
    if (read.has_error()) co_return read.error();
    if (*read == 0) co_return whole;
    whole.append(buffer.data(), *read);
    if (whole.size() > base::limits::composed_request_bytes) co_return base::errc::body_too_large;
  }
}

std::string_view note_on(net::in_process_answer const& said) {
  if (said.cut) return "The response took too long; the exchange was cut.";
  if (said.response.empty()) return "The server closed the connection without an answer.";
  if (said.response.starts_with("HTTP/1.1 408 "))
    return "The request was not complete: the server waited for the rest of it, and gave up.";
  return "";
}

boost::json::object composed_json(net::in_process_answer const& said) {
  boost::json::object out;
  out["id"] = nullptr;
  if (said.exchange != 0) out["id"] = said.exchange;
  out["response"] = bytes_json(said.response, said.size);
  out["note"] = note_on(said);
  return out;
}

// A place among the requests that are sent at the same time; the destructor gives it back. Without
// a limit, a request could ask the inspector to send another one, which does the same, and so on.
class sending_place {
 public:
  explicit sending_place(std::atomic<std::size_t>& taken)
      : taken_(taken), is_free_(taken.fetch_add(1) < base::limits::composed_requests) {}
  sending_place(sending_place const&) = delete;
  sending_place& operator=(sending_place const&) = delete;
  ~sending_place() { taken_.fetch_sub(1); }

  bool is_free() const { return is_free_; }

 private:
  std::atomic<std::size_t>& taken_;
  bool is_free_;
};

// Moves the token into a cookie, because browsers show the address and keep it in their history.
http::outcome remember_token(std::string_view token) {
  auto out = answer("text/plain", "");
  out.status = 303;
  out.fields.add("Location", "/-/");
  out.fields.add("Set-Cookie", std::string(token_cookie) + "=" + std::string(token) +
                                   "; Path=/-; HttpOnly; SameSite=Strict");
  return out;
}

// Why a request may not have something done. It has to have a certain field: before a browser lets
// another site send that, it asks the server (CORS), and the server never agrees.
std::optional<http::http_error> refuse_order(http::request const& request) {
  if (request.method != "POST") {
    auto error = failure(405, "method-not-allowed", "What is to be done here is POSTed.");
    error.fields.add("Allow", "POST");
    return error;
  }
  if (request.fields.find("Gatehouse-Inspector") == "1") return std::nullopt;
  return failure(403, "inspector-not-its-page",
                 "Only the inspector's own page may have something done: the field "
                 "Gatehouse-Inspector: 1 is missing.");
}

// What is to become of which exchange: "/exchanges/ID/pin" and "/exchanges/ID/unpin".
struct pinning_order {
  std::string_view id;
  bool pinned;
};

std::optional<pinning_order> pinning_in(std::string_view path) {
  if (!path.starts_with(one_exchange)) return std::nullopt;
  path.remove_prefix(one_exchange.size());
  auto const id = path.substr(0, path.find('/'));
  auto const what = path.substr(id.size());
  if (what != "/pin" && what != "/unpin") return std::nullopt;
  return pinning_order{id, what == "/pin"};
}

http::outcome not_there() {
  return failure(404, "inspector-no-page", "The inspector has no such page.");
}

}  // namespace

std::optional<http::http_error> refuse_access(inspector_access const& access,
                                              http::request const& request,
                                              bool client_is_loopback) {
  if (!access.token.empty()) {
    if (has_token(request, access.token)) return std::nullopt;
    return failure(403, "inspector-no-token",
                   "The inspector wants its token: /-/?token=... (--inspect-token).");
  }
  if (!client_is_loopback || http::is_forwarded(request)) {
    return failure(403, "inspector-not-local",
                   "The inspector shows requests with all that is in them, and so answers this "
                   "machine alone.");
  }
  if (!names_this_machine(request)) {
    return failure(403, "inspector-bad-host",
                   "The inspector answers at localhost, 127.0.0.1 and [::1] only, so that no page "
                   "of another site can have itself taken for this machine.");
  }
  return std::nullopt;
}

base::task<http::outcome> inspector::handle(http::request const& request,
                                            http::body_source& request_body,
                                            http::exchange_context& context) {
  if (auto refused = refuse_access(access_, request, context.client().is_local()))
    co_return std::move(*refused);
  auto const rest = http::path_below(request.target.path, inspector_prefix).value_or("");
  if (rest == "/send") {
    auto sent = co_await send(request, request_body, context);
    co_return sent;
  }
  if (auto const pinning = pinning_in(rest)) {
    if (auto refused = refuse_order(request)) co_return std::move(*refused);
    co_return pin(pinning->id, pinning->pinned);
  }
  if (request.method != "GET" && request.method != "HEAD") {
    auto error = failure(405, "method-not-allowed", "This is only there to be read.");
    error.fields.add("Allow", "GET, HEAD");
    co_return error;
  }
  if (rest.empty()) {
    http::response there;
    there.status = 308;
    there.fields.add("Location", "/-/" + (request.target.has_query ? "?" + request.target.query
                                                                   : std::string()));
    co_return there;
  }
  if (rest == "/exchanges") {
    auto found = co_await exchanges(request, context);
    co_return found;
  }
  if (rest == "/programs") co_return programs();
  if (rest == "/events") co_return events(context);
  if (rest.starts_with(one_exchange))
    co_return one(rest.substr(one_exchange.size()), request.target.query == "download");
  if (!access_.token.empty() && !value_in(request.target.query, '&', "token").empty())
    co_return remember_token(access_.token);
  auto page = page_file(rest == "/" ? "index.html" : rest.substr(1));
  if (!page) co_return not_there();
  co_return std::move(*page);
}

http::outcome inspector::not_kept() const {
  return failure(404, "inspector-forgotten",
                 "This exchange is not kept. The inspector keeps the latest " +
                     std::to_string(store_.limit()) + ", and those that are pinned.");
}

http::outcome inspector::list() const {
  boost::json::object out;
  out["kept_limit"] = store_.limit();
  out["bytes_limit"] = base::limits::traced_bytes;
  out["forgotten"] = store_.forgotten();
  auto& all = out["exchanges"].emplace_array();
  store_.visit([&](trace::recording const& one) { all.push_back(summary_json(one)); });
  return json_answer(out);
}

base::task<http::outcome> inspector::exchanges(http::request const& request,
                                               http::exchange_context& context) const {
  auto const wanted = http::percent_decoded(value_in(request.target.query, '&', "contains"));
  if (!wanted) {
    co_return failure(400, "inspector-bad-search",
                      "The text to look for is not percent-encoded as it has to be.");
  }
  if (wanted->empty()) co_return list();
  auto found = co_await containing(*wanted, context);
  co_return found;
}

base::task<http::outcome> inspector::containing(std::string const& wanted,
                                                http::exchange_context& context) const {
  boost::json::object out;
  boost::json::array found;
  text_search search(wanted);
  for (auto const id : store_.ids()) {
    store_.visit_one(id, [&](trace::recording const& one) {
      if (search.finds_in(one)) found.push_back(id);
    });
    co_await boost::asio::post(context.get_executor(), base::as_result);
  }
  out["ids"] = std::move(found);
  co_return json_answer(out);
}

http::outcome inspector::programs() const {
  boost::json::object out;
  auto& all = out["programs"].emplace_array();
  for (auto const& path : programs_()) all.push_back(boost::json::string(base::valid_utf8(path)));
  return json_answer(out);
}

http::outcome inspector::pin(std::string_view id, bool pinned) {
  using pinning = exchange_store::pinning;
  auto const number = http::parse_decimal(id);
  auto const done = number ? store_.pin(*number, pinned) : pinning::not_kept;
  if (done == pinning::not_kept) return not_kept();
  if (done == pinning::too_many) {
    return failure(409, "inspector-pins-full",
                   std::to_string(base::limits::pinned_exchanges) +
                       " exchanges are pinned, which is as many as can be. Unpin one first.");
  }
  auto out = answer("application/json", "");
  out.status = 204;
  return out;
}

http::outcome inspector::one(std::string_view id, bool download) const {
  auto const number = http::parse_decimal(id);
  auto const found = number ? store_.find(*number) : std::nullopt;
  if (!found) return not_kept();
  auto out = json_answer(exchange_json(*found));
  if (download) {
    out.fields.add("Content-Disposition",
                   "attachment; filename=\"exchange-" + std::to_string(*number) + ".json\"");
  }
  return out;
}

http::outcome inspector::events(http::exchange_context& context) {
  auto out = answer("text/event-stream", "");
  out.body = http::stream{exchange_feed(store_, context), std::nullopt};
  return out;
}

base::task<http::outcome> inspector::send(http::request const& request,
                                          http::body_source& request_body,
                                          http::exchange_context& context) {
  if (auto refused = refuse_order(request)) co_return std::move(*refused);
  auto composed = co_await read_whole(request_body);
  if (composed.has_error()) {
    bool const large = composed.error() == base::errc::body_too_large;
    co_return failure(large ? 413 : 400, large ? "body-too-large" : "bad-body",
                      "The request to be sent did not come whole: " + composed.error().message());
  }
  sending_place const place(composed_at_once_);
  if (!place.is_free()) {
    co_return http::try_again_later(
        "inspector-busy", "as many requests as the inspector sends at once are being answered");
  }
  auto const service = service_.lock();
  if (!service) co_return failure(503, "stopping", "The server stops.");
  auto said = co_await net::answer_in_process(service, context.client(), std::move(*composed), {},
                                              &context);
  if (said.has_error()) co_return failure(503, "out-of-resources", said.error().message());
  co_return json_answer(composed_json(*said));
}

}  // namespace show
}  // namespace gatehouse
