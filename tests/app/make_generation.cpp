#include "gatehouse/app/make_generation.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string_view>

#include "../temporary_directory.hpp"

using namespace gatehouse;
using boost::asio::ip::address_v4;
using boost::asio::ip::tcp;

namespace {

tcp::endpoint const loopback(address_v4::loopback(), 8000);
tcp::endpoint const anywhere(address_v4::any(), 8000);

// A directory to serve, and what stays while generations come and go.
struct fixture {
  fixture() { chosen.site.root = at.path(); }

  tests::temporary_directory at;
  config::options chosen;
  life::shared_resources shared{chosen};
  app::trace_targets targets;
};

}  // namespace

TEST_CASE("a generation that cannot be made says why, in one line") {
  struct row {
    std::string_view label;
    std::function<void(fixture&)> change;
    tcp::endpoint at;
    std::string_view says;  // empty: it can be made
  };
  row const rows[] = {
      {"plain", [](fixture&) {}, anywhere, ""},
      {"no root", [](fixture& f) { f.chosen.site.root /= "none"; }, loopback, "gatehouse: "},
      {"no directory for the access log",
       [](fixture& f) { f.chosen.site.access_log = f.at / "none/log"; }, loopback,
       "gatehouse: --access-log: "},
      {"an inspector for this machine", [](fixture& f) { f.chosen.server.inspect = true; },
       loopback, ""},
      {"an inspector that others reach", [](fixture& f) { f.chosen.server.inspect = true; },
       anywhere, "gatehouse: --inspect: "},
      {"one with a token",
       [](fixture& f) {
         f.chosen.server.inspect = true;
         f.chosen.server.inspect_token = "secret";
       },
       anywhere, ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    fixture f;
    r.change(f);
    auto const made = app::make_generation(f.chosen, {r.at}, f.shared, f.targets);
    auto const* const wrong = std::get_if<config::usage_error>(&made);
    CHECK((wrong == nullptr) == r.says.empty());
    if (wrong == nullptr) continue;
    CHECK(wrong->line.starts_with(r.says));
    CHECK(wrong->line.find('\n') == std::string::npos);
  }
}

TEST_CASE("what answers lasts as long as the connections that have its service") {
  fixture f;
  f.chosen.server.inspect = true;  // which refers to the service
  auto made = app::make_generation(f.chosen, {loopback}, f.shared, f.targets);
  std::optional<life::generation> first = std::get<life::generation>(std::move(made));
  std::weak_ptr<net::service> const lasting = first->service;
  auto service = first->service;
  first.reset();
  CHECK_FALSE(lasting.expired());
  service.reset();
  CHECK(lasting.expired());
}

TEST_CASE("the next generation reports to the same targets") {
  struct listening final : show::exchange_store::watcher {
    void updated(trace::recording const&) override {}
    void closed() override { heard = true; }
    bool heard = false;
  };
  fixture f;
  f.chosen.server.inspect = true;
  auto const first = app::make_generation(f.chosen, {loopback}, f.shared, f.targets);
  REQUIRE(f.targets.exchanges.has_value());
  CHECK_FALSE(f.targets.printing.has_value());
  auto const watcher = std::make_shared<listening>();
  f.targets.exchanges->watch(watcher);
  auto const second = app::make_generation(f.chosen, {loopback}, f.shared, f.targets);
  f.targets.exchanges->close();
  CHECK(watcher->heard);
}
