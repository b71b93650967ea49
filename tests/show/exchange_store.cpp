#include "gatehouse/show/exchange_store.hpp"

#include <doctest/doctest.h>

#include "../quiet_context.hpp"
#include "gatehouse/http/request_parser.hpp"

using namespace gatehouse;

namespace {

class listener final : public show::exchange_store::watcher {
 public:
  void updated(trace::recording const& about) override {
    heard += std::to_string(about.id) + (about.done ? " ended;" : " began;");
  }
  void closed() override { heard += "closed;"; }

  std::string heard;  // "7 began;7 ended;"
};

struct exchange {
  exchange(show::exchange_store& store, std::uint64_t number) : context(loop.get_executor()) {
    context.number = number;
    sink = store.begin(context, std::nullopt);
  }
  void ask(std::string const& path, std::string const& fields = {}) {
    auto const request =
        http::parse_request("GET " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n", 1000);
    REQUIRE(request.has_value());
    sink->record(trace::request_parsed{*request});
  }
  template <class Event>
  void report(Event const& what) {
    sink->record(trace::event(what));
  }
  void end() { report(trace::ended{context.record}); }

  boost::asio::io_context loop{1};
  tests::quiet_context context;
  std::unique_ptr<trace::sink> sink;
};

std::string kept(show::exchange_store const& store) {
  std::string out;
  store.visit([&](trace::recording const& one) { out += std::to_string(one.id) + " "; });
  return out;
}

}  // namespace

TEST_CASE("an exchange is kept once its path is known, and watchers are told") {
  show::exchange_store store("/-");
  auto const watcher = std::make_shared<listener>();
  store.watch(watcher);
  exchange one(store, 7);
  CHECK(kept(store).empty());
  one.ask("/a");
  CHECK(kept(store) == "7 ");
  CHECK_FALSE(store.find(7)->done);
  one.end();
  CHECK(store.find(7)->done);
  store.close();
  CHECK(watcher->heard == "7 began;7 ended;closed;");
}

TEST_CASE("what is below the hidden prefix is not kept") {
  show::exchange_store store("/-");
  auto const watcher = std::make_shared<listener>();
  store.watch(watcher);
  for (char const* const path : {"/-", "/-/", "/-/exchanges"}) {
    exchange one(store, 1);
    one.ask(path);
    one.end();
  }
  CHECK(kept(store).empty());
  CHECK(watcher->heard.empty());
}

TEST_CASE("a head that cannot be parsed is kept with its error") {
  show::exchange_store store("/-");
  exchange one(store, 3);
  one.sink->record(trace::request_head{"GET\r\n\r\n"});
  one.sink->record(trace::failed{{.status = 400, .reason = "bad-request-line"}});
  REQUIRE(store.find(3).has_value());
  CHECK(store.find(3)->error->reason == "bad-request-line");
}

TEST_CASE("of many exchanges the latest are kept") {
  show::exchange_store store("/-", 2);
  for (std::uint64_t i = 1; i <= 5; ++i) {
    exchange one(store, i);
    one.ask("/");
  }
  CHECK(kept(store) == "4 5 ");
  CHECK(store.forgotten() == 3);
  CHECK_FALSE(store.find(3).has_value());
}

TEST_CASE("a watcher that is gone is not told") {
  show::exchange_store store("/-");
  store.watch(std::make_shared<listener>());
  exchange one(store, 1);
  one.ask("/");
  CHECK(kept(store) == "1 ");
}

TEST_CASE("watchers hear of each step that a list shows") {
  show::exchange_store store("/-");
  auto const watcher = std::make_shared<listener>();
  store.watch(watcher);
  exchange one(store, 7);
  one.ask("/a");
  auto const heard_of = [&](auto const& event) {
    watcher->heard.clear();
    one.report(event);
    return watcher->heard;
  };
  CHECK(heard_of(trace::routed{"", "files of", "/srv"}) == "7 began;");
  CHECK(heard_of(trace::process_started{42}) == "7 began;");
  CHECK(heard_of(trace::stdout_bytes{"A: b"}).empty());
  CHECK(heard_of(trace::response_head{"HTTP/1.1 200 OK\r\n\r\n", "chunked"}) == "7 began;");
  CHECK(heard_of(trace::response_bytes{"more", 4}).empty());
  CHECK(heard_of(trace::ended{one.context.record}) == "7 ended;");
  CHECK(heard_of(trace::stderr_line{"bye"}).empty());
  CHECK(heard_of(trace::process_ended{42, 0, {}}) == "7 ended;");
}

TEST_CASE("what the tour asks for is kept beside the others, and only the last of it") {
  show::exchange_store store("/-", 2);
  exchange mine(store, 1);
  mine.ask("/mine");
  auto const tours = base::limits::tour_exchanges;
  for (std::uint64_t i = 0; i < tours + 5; ++i) {
    exchange of_tour(store, 100 + i);
    of_tour.ask("/tour", "Gatehouse-Tour: 1\r\n");
  }
  CHECK(store.ids().size() == 1 + tours);
  CHECK(store.ids().front() == 1);
  CHECK(store.ids().at(1) == 105);
  CHECK(store.forgotten() == 0);
}

TEST_CASE("a pinned exchange is not forgotten until it is unpinned") {
  using pinning = show::exchange_store::pinning;
  show::exchange_store store("/-", 2);
  auto const watcher = std::make_shared<listener>();
  auto const ask = [&](std::uint64_t number) {
    exchange one(store, number);
    one.ask("/");
  };
  ask(1);
  store.watch(watcher);
  CHECK(store.pin(1, true) == pinning::done);
  CHECK(watcher->heard == "1 began;");
  CHECK(store.find(1)->pinned);
  for (std::uint64_t i = 2; i <= 5; ++i) ask(i);
  CHECK(kept(store) == "1 4 5 ");
  CHECK(store.pin(1, false) == pinning::done);
  CHECK(kept(store) == "4 5 ");
  CHECK(store.pin(1, true) == pinning::not_kept);
}

TEST_CASE("only so many exchanges can be pinned") {
  using pinning = show::exchange_store::pinning;
  show::exchange_store store("/-");
  constexpr auto most = base::limits::pinned_exchanges;
  for (std::uint64_t i = 1; i <= most + 1; ++i) {
    exchange one(store, i);
    one.ask("/");
    CHECK(store.pin(i, true) == (i <= most ? pinning::done : pinning::too_many));
  }
  CHECK(store.pin(1, true) == pinning::done);  // is already
  CHECK(store.pin(1, false) == pinning::done);
  CHECK(store.pin(most + 1, true) == pinning::done);
}
