// Every call that can fail is made to fail, one after the other, while a mixed set of requests is
// answered: whatever happens, the client gets a well-formed answer or sees that it got none,
// nothing is left behind, and the next request is answered.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "../wire/client.hpp"
#include "../wire/patience.hpp"
#include "../wire/program.hpp"
#include "exchanges.hpp"
#include "faulty_server.hpp"
#include "repertoire.hpp"

namespace {

using namespace fault;
namespace fs = std::filesystem;

enum class ending { exact, refused, cut, closed };
constexpr std::string_view ending_names[] = {"answered exactly", "refused", "cut short", "closed"};

struct verdict {
  ending how = ending::exact;
  unsigned status = 0;  // of a refusal
  std::vector<std::string> faults;
  std::vector<std::string> differences;  // that are faults unless something really failed
};

// Refusals that say what happened: the server's failure, or a file's permission that is missing.
bool is_fitting(unsigned status, call what, std::int32_t failure) {
  if (what == call::connect && !is_shortage(failure)) return status == 502;
  if (failure == EACCES || failure == EPERM) return status == 403 || status == 500;
  if (failure == ENOENT) return status == 404;
  if (failure == E2BIG) return status == 431;
  return is_shortage(failure) ? status == 503 : status >= 500 && status <= 504 && status != 501;
}

// What one answer was to be and what came.
void judge_reply(answer const& wanted, wire::reply const& got, verdict& out) {
  if (got.status != wanted.status) {
    out.how = ending::refused;
    out.status = got.status;
    if (got.status == 503 && !got.has("Retry-After"))
      out.faults.push_back("503 without Retry-After");
    return;
  }
  if (!got.whole) {
    out.how = ending::cut;
  } else if (wanted.body && got.body != *wanted.body) {
    (wanted.may_differ ? out.differences : out.faults)
        .push_back("a whole answer of " + std::to_string(got.body.size()) +
                   " bytes that differs from what was to come (" +
                   std::to_string(wanted.body->size()) + " bytes)");
  }
}

// Goes through one exchange on a connection of its own. First answers without a body to compare are
// learnt, so that later ones can be compared.
verdict carry_out(std::uint16_t port, exchange& what) {
  verdict out;
  wire::client client(port);
  client.send(what.request);
  if (what.leaves) {
    try {
      client.read_exactly(1);
    } catch (std::exception const&) {
      out.how = ending::closed;
    }
    client.close();
    return out;
  }
  for (auto& wanted : what.answers) {
    wire::reply got;
    try {
      got = client.read_head();
      if (got.status == 100) got = client.read_head();
      client.read_body(got, wanted.method);
    } catch (std::exception const& e) {
      out.how = ending::closed;
      if (std::string_view(e.what()).find("the connection ended") == std::string_view::npos)
        out.faults.emplace_back(e.what());
      return out;
    }
    judge_reply(wanted, got, out);
    // A boundary is made anew for each answer.
    bool const is_comparable = wanted.status == 200;
    if (!wanted.body && out.how == ending::exact && is_comparable) wanted.body = got.body;
    if (out.how != ending::exact) return out;
    if (got.field("Connection") == "close") break;
  }
  return out;
}

std::string end_of(std::string const& text) {
  constexpr std::size_t shown = 6000;
  return text.substr(text.size() - std::min(text.size(), shown));
}

struct tally {
  std::set<std::uint32_t> sites;
  std::size_t tried = 0;
  std::size_t not_reached = 0;
  std::size_t slow = 0;
  std::map<ending, std::size_t> endings;
  std::size_t faults = 0;
};

// A program that runs PHP for the server.
class php {
 public:
  explicit php(fs::path const& socket) {
    auto environment = wire::plain_environment();
    environment.push_back("PHP_FCGI_MAX_REQUESTS=0");  // it never ends by itself
    int const none = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    process_ =
        wire::spawn({"/usr/bin/php-cgi", "-b", socket.string()}, environment, none, none, none);
    ::close(none);
    REQUIRE(wire::eventually([&] { return fs::exists(socket); }));
  }
  php(php const&) = delete;
  php& operator=(php const&) = delete;
  ~php() {
    ::kill(process_.pid, SIGKILL);
    wire::wait_for(process_);
    ::close(process_.pidfd);
  }

 private:
  wire::spawned process_;
};

class sweep {
 public:
  sweep()
      : php_(php_socket(filled(site_))),
        server_(site_, options_for(site_)),
        symbols_(wire::binary()) {
    if (char const* const share = std::getenv("GATEHOUSE_FAULT_SHARE")) share_ = std::atoi(share);
    if (char const* const only = std::getenv("GATEHOUSE_FAULT_ONLY")) only_ = only;
    for (auto& what : all_) carry_out(server_.port(), what);  // fills caches
    server_.take_base_line();
    server_.settle();
    wire::eventually([] { return false; }, std::chrono::milliseconds(400));
    server_.take_base_line();
  }

  template <class Chosen>
  void run(Chosen chosen) {
    for (auto& what : all_) {
      if (what.name.find(only_) == std::string::npos) continue;
      auto const began = std::chrono::steady_clock::now();
      auto const before = counted_.tried;
      for (auto const& one : disturbances(what, chosen)) attempt(what, one);
      std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began;
      std::cout << what.name << ": " << counted_.tried - before << " in " << took.count() << " s"
                << std::endl;
    }
    check_names();
    report();
  }

 private:
  static wire::site const& filled(wire::site const& site) {
    fill(site);
    return site;
  }

  // Calls come in another order each time; two looks see most of them.
  std::vector<place> places(exchange& what) {
    std::map<std::uint64_t, place> found;
    for (int look = 0; look < 2; ++look) {
      server_.begin_notes();
      auto const quiet = carry_out(server_.port(), what);
      auto const held = server_.settle();
      for (auto const& p : server_.end_notes()) {
        auto& known = found.try_emplace(p.where, p).first->second;
        known.times = std::max(known.times, p.times);
      }
      INFO(what.name);
      CHECK(quiet.how == ending::exact);
      CHECK(quiet.faults.empty());
      CHECK(held == "");
    }
    std::vector<place> out;
    for (auto const& [where, p] : found) out.push_back(p);
    return out;
  }

  template <class Chosen>
  std::vector<disturbance> disturbances(exchange& what, Chosen chosen) {
    std::vector<disturbance> out;
    for (auto const& p : places(what)) {
      if (!chosen(p.what)) continue;
      counted_.sites.insert(static_cast<std::uint32_t>(p.where));
      std::set<std::uint32_t> const occurrences{0, std::min(1U, p.times - 1), p.times - 1};
      bool const by_asio = symbols_.is_asio(static_cast<std::uint32_t>(p.where));
      for (auto const occurrence : occurrences) {
        for (auto const failure : failures_of(p.what, by_asio)) {
          if (number_++ % share_ == 0) out.push_back({p, occurrence, failure, false});
          if (failure == EMFILE && number_++ % share_ == 0)
            out.push_back({p, occurrence, failure, true});
        }
      }
    }
    return out;
  }

  void attempt(exchange& what, disturbance const& how) {
    auto const began = std::chrono::steady_clock::now();
    server_.arm(how);
    verdict got;
    try {
      got = carry_out(server_.port(), what);
    } catch (std::exception const& e) {
      got.faults.emplace_back(e.what());
    }
    bool const passing = is_passing(how.at.what, how.failure);
    if (passing)
      std::move(got.differences.begin(), got.differences.end(), std::back_inserter(got.faults));
    auto held = server_.settle();
    auto const fired = server_.disarm();
    if (!held.empty()) held = server_.settle();  // what was held until it could be let go
    if (!held.empty()) {
      got.faults.push_back("left behind: " + held);
      server_.take_base_line();
    }
    ++counted_.tried;
    if (fired == 0) ++counted_.not_reached;
    ++counted_.endings[got.how];
    if (got.how == ending::refused &&
        !(fired > 0 && is_fitting(got.status, how.at.what, how.failure)))
      got.faults.push_back("answered with " + std::to_string(got.status));
    if (fired > 0 && passing && got.how != ending::exact)
      got.faults.push_back(std::string(ending_names[static_cast<int>(got.how)]) +
                           " for what is not a failure");
    if (auto const ended = server_.revive())
      got.faults.push_back("the server ended with " + std::to_string(*ended) + "; its log ends:\n" +
                           end_of(server_.last_words()));
    try {
      auto next = carry_out(server_.port(), what);
      // As long as there is no descriptor for another connection, whoever comes is told so.
      if (how.at.what == call::accept4 && is_shortage(how.failure)) {
        wire::eventually([&] {
          if (next.how != ending::exact) next = carry_out(server_.port(), what);
          return next.how == ending::exact;
        });
      }
      if (next.how != ending::exact) got.faults.emplace_back("the next request is not answered");
      for (auto const* list : {&next.faults, &next.differences}) {
        for (auto const& fault : *list) got.faults.push_back("the next request: " + fault);
      }
    } catch (std::exception const& e) {
      got.faults.push_back(std::string("the next request: ") + e.what());
    }
    auto const still_held = server_.settle();
    if (!still_held.empty()) got.faults.push_back("left behind at last: " + still_held);
    auto const took = std::chrono::steady_clock::now() - began;
    bool const slow = took > std::chrono::milliseconds(1500);
    if (slow) ++counted_.slow;
    counted_.faults += got.faults.size();
    if (got.faults.empty() && !(slow && verbose_)) return;
    std::string text = describe(what, how) + " (" + std::to_string(fired) + " failed" + ", " +
                       std::to_string(std::chrono::duration<double>(took).count()) + " s)";
    for (auto const& fault : got.faults) text += "\n  " + fault;
    if (got.faults.empty()) {
      std::cout << "slow: " << text << std::endl;
    } else {
      FAIL_CHECK(text);
    }
  }

  // Whatever has failed, a line of the log about a script says about which one.
  void check_names() const {
    std::regex const about_script(" (error|warning|info) script-[a-z-]+: ");
    std::regex const with_name(" script-[a-z-]+: ([0-9]+ to 127\\.0\\.0\\.1: )?(/|faults\\[)");
    std::istringstream log(server_.log());
    for (std::string line; std::getline(log, line);) {
      if (!std::regex_search(line, about_script)) continue;
      CHECK_MESSAGE(std::regex_search(line, with_name), line);
    }
  }

  std::string describe(exchange const& what, disturbance const& how) const {
    auto const where = how.at.where;
    return what.name + ": " + std::string(name_of(how.at.what)) + " number " +
           std::to_string(how.occurrence) + " in " +
           symbols_.at(static_cast<std::uint32_t>(where)) + " from " +
           symbols_.at(static_cast<std::uint32_t>(where >> 32U)) + " gives " +
           std::string(failure_name(how.failure)) + (how.lasting ? ", and so on" : "");
  }

  void report() const {
    std::cout << counted_.sites.size() << " call sites, " << counted_.tried << " failures tried ("
              << counted_.not_reached << " not reached), " << counted_.slow
              << " ended by a deadline;";
    for (auto const& [how, count] : counted_.endings)
      std::cout << " " << ending_names[static_cast<int>(how)] << " " << count << ",";
    std::cout << " " << counted_.faults << " faults" << std::endl;
  }

  wire::site site_;
  php php_;
  faulty_server server_;
  symbols symbols_;
  std::vector<exchange> all_ = exchanges();
  tally counted_;
  int share_ = 1;
  int number_ = 0;
  std::string only_;
  bool verbose_ = std::getenv("GATEHOUSE_FAULT_VERBOSE") != nullptr;
};

}  // namespace

TEST_SUITE_BEGIN("faults");

TEST_CASE("a system call that fails costs no more than the request that it was made for") {
  sweep().run([](call what) { return what != call::operator_new; });
}

TEST_CASE("memory that is not to be had costs no more than the request that it was asked for") {
  sweep().run([](call what) { return what == call::operator_new; });
}

TEST_SUITE_END();
