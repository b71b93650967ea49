#include "gatehouse/show/inspector.hpp"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <exception>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/request_parser.hpp"

using namespace gatehouse;

namespace {

std::string_view refusal(std::string const& target, std::string const& fields, bool loopback,
                         std::string const& token = "") {
  auto const request =
      http::parse_request("GET " + target + " HTTP/1.1\r\n" + fields + "\r\n", 1000);
  REQUIRE(request.has_value());
  auto const refused = show::refuse_access({token}, *request, loopback);
  return refused ? refused->reason : "";
}

// An exchange of a client of this machine.
class local_context final : public http::exchange_context {
 public:
  explicit local_context(base::executor executor)
      : exchange_context(executor, {{boost::asio::ip::address_v4::loopback(), 1}, {}}) {}
  std::unique_ptr<http::subscription> when_client_leaves(std::function<void()>) override {
    return nullptr;
  }
};

// Reads on until the stream ends or has given a word; all that it gave.
std::string read_until(boost::asio::io_context& loop, http::body_source& stream,
                       std::string_view word) {
  std::string all;
  bool ended = false;
  bool silent = false;
  while (!ended && !silent && all.find(word) == std::string::npos) {
    std::array<char, 4096> buffer;
    boost::asio::co_spawn(
        loop, stream.read_some(boost::asio::buffer(buffer)),
        [&](std::exception_ptr const& failed, base::result<std::size_t> const& read) {
          CHECK_FALSE(failed);
          REQUIRE(read.has_value());
          ended = *read == 0;
          all.append(buffer.data(), *read);
          silent = all.ends_with("\n:\n\n");
        });
    loop.restart();
    loop.run();
  }
  return ended ? all + "<end>" : all;
}

}  // namespace

TEST_CASE("a page that reads its news too slowly loses the stream, and nothing piles up") {
  constexpr std::size_t long_path = 8000;
  constexpr auto enough = base::limits::waiting_news_bytes / long_path + 1;
  struct row {
    std::string_view label;
    std::size_t news;
    std::size_t path_size;
    bool lost;
  };
  row const rows[] = {{"few and long", enough / 2, long_path, false},
                      {"as many as long ones would be too many", enough, 8, false},
                      {"many and long", enough, long_path, true},
                      {"very many and short", base::limits::waiting_news_bytes / 100, 8, true}};
  for (row const& r : rows) {
    CAPTURE(r.label);
    boost::asio::io_context loop{1};
    local_context context(loop.get_executor());
    show::exchange_store store("/-");
    auto const service = std::make_shared<net::service const>();
    show::inspector_access const access;
    show::inspector inspector(store, service, access, nullptr);
    auto const request =
        http::parse_request("GET /-/events HTTP/1.1\r\nHost: localhost\r\n\r\n", 1000);
    REQUIRE(request.has_value());
    http::empty_body nothing;
    http::outcome answer;
    boost::asio::co_spawn(loop, inspector.handle(*request, nothing, context),
                          [&](std::exception_ptr const& failed, http::outcome given) {
                            CHECK_FALSE(failed);
                            answer = std::move(given);
                          });
    loop.run();
    REQUIRE(std::holds_alternative<http::response>(answer));
    auto& stream = *std::get<http::stream>(std::get<http::response>(answer).body).source;
    auto const sink = store.begin(context, std::nullopt);
    auto const asked = http::parse_request(
        "GET /" + std::string(r.path_size, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 1000);
    REQUIRE(asked.has_value());
    sink->record(trace::request_parsed{*asked});
    for (std::size_t i = 1; i < r.news; ++i) sink->record(trace::ended{context.record});
    auto const told = read_until(loop, stream, r.lost ? "<end>" : "\"state\":\"done\"");
    CHECK(told.starts_with("retry: 1000"));
    CHECK(told.ends_with("<end>") == r.lost);
  }
}

TEST_CASE("without a token the inspector is for this machine, called by its own name") {
  struct row {
    std::string_view label;
    std::string target;
    std::string fields;
    bool loopback;
    std::string_view expected;
  };
  row const rows[] = {
      {"localhost", "/-/", "Host: localhost:8000\r\n", true, ""},
      {"its address", "/-/", "Host: 127.0.0.1\r\n", true, ""},
      {"its other address", "/-/", "Host: [::1]:8000\r\n", true, ""},
      {"in any case", "/-/", "Host: LocalHost\r\n", true, ""},
      {"another machine", "/-/", "Host: localhost\r\n", false, "inspector-not-local"},
      {"a name that was rebound", "/-/", "Host: evil.example\r\n", true, "inspector-bad-host"},
      {"a name that looks alike", "/-/", "Host: localhost.evil.example\r\n", true,
       "inspector-bad-host"},
      {"the target's name counts", "http://evil.example/-/", "Host: localhost\r\n", true,
       "inspector-bad-host"},
      {"handed on by a proxy", "/-/", "Host: localhost\r\nX-Forwarded-For: 192.0.2.1\r\n", true,
       "inspector-not-local"},
      {"a token does not help", "/-/?token=", "Host: evil.example\r\n", true, "inspector-bad-host"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(refusal(r.target, r.fields, r.loopback) == r.expected);
  }
}

TEST_CASE("with a token the inspector is for whoever has it") {
  std::string const token = "0123456789abcdef";
  struct row {
    std::string_view label;
    std::string target;
    std::string fields;
    std::string_view expected;
  };
  row const rows[] = {
      {"in the query", "/-/?token=" + token, "", ""},
      {"among others", "/-/?a=b&token=" + token + "&c", "", ""},
      {"in the cookie", "/-/", "Cookie: gatehouse-inspector=" + token + "\r\n", ""},
      {"among other cookies", "/-/", "Cookie: a=b; gatehouse-inspector=" + token + "; c=d\r\n", ""},
      {"none", "/-/", "", "inspector-no-token"},
      {"a wrong one", "/-/?token=0123456789abcdeF", "", "inspector-no-token"},
      {"a part", "/-/?token=0123456789abcde", "", "inspector-no-token"},
      {"another name", "/-/?xtoken=" + token, "", "inspector-no-token"},
      {"an empty one", "/-/?token=", "", "inspector-no-token"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(refusal(r.target, "Host: h\r\n" + r.fields, false, token) == r.expected);
  }
}
