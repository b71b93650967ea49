#include "gatehouse/life/reload.hpp"

#include <doctest/doctest.h>

using namespace gatehouse;
using namespace gatehouse::life;

TEST_CASE("what cannot change keeps its value and is named") {
  config::server_options now;
  now.port = 8000;
  now.threads = 2;
  struct row {
    std::string_view label;
    void (*change)(config::server_options&);
    std::vector<std::string_view> kept;
  };
  row const rows[] = {
      {"nothing", [](config::server_options&) {}, {}},
      {"what can change",
       [](config::server_options& o) { o.queue = 7, o.follow_symlinks = true; },
       {}},
      {"the port", [](config::server_options& o) { o.port = 9000; }, {"port"}},
      {"the address", [](config::server_options& o) { o.bind = "::"; }, {"bind"}},
      {"the user and the group",
       [](config::server_options& o) { o.user = o.group = "x"; },
       {"user", "group"}},
      {"the take-over path", [](config::server_options& o) { o.takeover = "/x"; }, {"takeover"}},
      {"the sandbox",
       [](config::server_options& o) {
         o.sandbox = o.sandbox_net = true;
         o.sandbox_read = o.sandbox_write = {"/x"};
       },
       {"sandbox", "sandbox-net"}},
      {"the threads, beside others",
       [](config::server_options& o) { o.threads = 3, o.queue = 7; },
       {"threads"}},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto next = now;
    r.change(next);
    auto const wanted = next;
    CHECK(keep_fixed(next, now) == r.kept);
    CHECK(next.port == now.port);
    CHECK(next.bind == now.bind);
    CHECK(next.user == now.user);
    CHECK(next.group == now.group);
    CHECK(next.takeover == now.takeover);
    CHECK(next.threads == now.threads);
    CHECK(next.sandbox == now.sandbox);
    CHECK(next.sandbox_read == wanted.sandbox_read);
    CHECK(next.sandbox_write == wanted.sandbox_write);
    CHECK(next.queue == wanted.queue);
    CHECK(next.follow_symlinks == wanted.follow_symlinks);
  }
}
