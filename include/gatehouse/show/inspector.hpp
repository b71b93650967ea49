#pragma once
// The inspector: a page at /-/ that shows the latest exchanges as they come, and sends requests. A
// handler like any other; what it shows is the exchange store's.

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "gatehouse/http/handler.hpp"
#include "gatehouse/net/connection.hpp"
#include "gatehouse/show/exchange_store.hpp"

namespace gatehouse::show {

inline constexpr std::string_view inspector_prefix = "/-";

// Who may look.
struct inspector_access {
  std::string token;  // whoever has it, from anywhere; empty: clients of this machine alone
};

// Why a request may not be answered by the inspector, 403 with an explanation; nothing if it may.
// Without a token: inspector-not-local for clients of other machines and what a proxy hands on,
// inspector-bad-host for a Host that is not this machine's own name: a page of another site that
// has its name resolved to 127.0.0.1 sends its own (DNS rebinding). With one: inspector-no-token.
// Pure.
std::optional<http::http_error> refuse_access(inspector_access const& access,
                                              http::request const& request,
                                              bool client_is_loopback);

class inspector final : public http::handler {
 public:
  // Gives the paths of the programs that can be asked for. It is called on a thread that serves.
  using program_list = std::function<std::vector<std::string>()>;

  // store outlives the inspector. service: what answers the requests that it sends; not kept alive,
  // because the inspector is a part of what it refers to.
  inspector(exchange_store& store, std::weak_ptr<net::service const> service,
            inspector_access access, program_list programs)
      : store_(store),
        service_(std::move(service)),
        access_(std::move(access)),
        programs_(std::move(programs)) {}

  // GET: the page and its parts, exchanges, exchanges?contains=TEXT, exchanges/ID, programs, events
  // (server-sent). POST: exchanges/ID/pin and exchanges/ID/unpin, 409 inspector-pins-full with
  // limits::pinned_exchanges; send, 503 inspector-busy while limits::composed_requests are being
  // sent. The answers are for its own page: JSON, never stored.
  base::task<http::outcome> handle(http::request const& request, http::body_source& request_body,
                                   http::exchange_context& context) override;

 private:
  http::outcome list() const;
  // Other connections have their turn while it looks.
  base::task<http::outcome> containing(std::string const& wanted,
                                       http::exchange_context& context) const;
  base::task<http::outcome> exchanges(http::request const& request,
                                      http::exchange_context& context) const;
  http::outcome one(std::string_view id, bool download) const;
  http::outcome pin(std::string_view id, bool pinned);
  http::outcome not_kept() const;
  http::outcome programs() const;
  http::outcome events(http::exchange_context& context);
  base::task<http::outcome> send(http::request const& request, http::body_source& request_body,
                                 http::exchange_context& context);

  exchange_store& store_;
  std::weak_ptr<net::service const> service_;
  inspector_access access_;
  program_list programs_;
  std::atomic<std::size_t> composed_at_once_ = 0;
};

}  // namespace gatehouse::show
