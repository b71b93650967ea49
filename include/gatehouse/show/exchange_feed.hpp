#pragma once
// News of the exchanges as server-sent events (HTML, 9.2), for one page of the inspector.

#include <memory>

#include "gatehouse/http/body_source.hpp"
#include "gatehouse/http/exchange.hpp"
#include "gatehouse/show/exchange_store.hpp"

namespace gatehouse::show {

// The body of an answer that goes on until its client leaves or the store is closed: for each
// change one event "exchange" with the exchange's summary. It ends as well when the client reads
// too slowly: limits::waiting_news_bytes.
std::unique_ptr<http::body_source> exchange_feed(exchange_store& of, http::exchange_context& to);

}  // namespace gatehouse::show
