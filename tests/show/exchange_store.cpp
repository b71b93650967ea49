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

  std::string heard;
};

struct exchange {
  exchange(show::exchange_store& store, std::uint64_t number) : context(loop.get_executor()) {
    context.number = number;
    sink = store.begin(context, std::nullopt);
  }
  void ask(std::string const& path) {
    auto const request = http::parse_request("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n", 1000);
    REQUIRE(request.has_value());
    sink->record(trace::request_parsed{*request});
  }
  void end() { sink->record(trace::ended{context.record}); }

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
