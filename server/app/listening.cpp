#include "gatehouse/app/listening.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "gatehouse/base/endpoint_text.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/base/log.hpp"
#include "gatehouse/config/bind_address.hpp"
#include "gatehouse/net/listening_socket.hpp"

namespace gatehouse::app {
namespace {

using boost::system::errc::errc_t;
using endpoint = boost::asio::ip::tcp::endpoint;

constexpr int last_port = 65535;
constexpr unsigned first_unprivileged_port = 1024;

struct failure {
  endpoint where;
  base::error_code why;
};

bool is_absent(base::error_code const& why) {
  return why == errc_t::address_not_available || why == errc_t::address_family_not_supported;
}

std::string this_program() {
  std::error_code unknown;
  auto const path = std::filesystem::read_symlink("/proc/self/exe", unknown);
  return unknown ? "gatehouse" : path.string();
}

// One socket for each address that is there. The others are noted.
std::optional<failure> open_all(sockets& into, std::vector<failure>& absent,
                                std::vector<boost::asio::ip::address> const& addresses,
                                std::uint16_t port) {
  for (auto const& address : addresses) {
    endpoint const where(address, port);
    auto made = net::listen_at(where);
    if (made.has_value()) {
      port = net::endpoint_of(made->get()).port();
      into.push_back(std::move(*made));
    } else if (is_absent(made.error())) {
      absent.push_back({where, made.error()});
    } else {
      return failure{where, made.error()};
    }
  }
  if (into.empty()) return absent.front();
  return std::nullopt;
}

// One of the ports after this one that is free at all of the addresses now.
std::optional<std::uint16_t> free_port_after(
    std::uint16_t port, std::vector<boost::asio::ip::address> const& addresses) {
  int const last = std::min(port + base::limits::ports_tried, last_port);
  for (int next = port + 1; next <= last; ++next) {
    sockets closed_again;
    std::vector<failure> absent;
    auto const candidate = static_cast<std::uint16_t>(next);
    if (!open_all(closed_again, absent, addresses, candidate)) return candidate;
  }
  return std::nullopt;
}

// Whether sockets that were given listen where the options want the server to, as far as they say
// it: port 0 is any.
bool are_as_chosen(endpoints const& where, std::vector<boost::asio::ip::address> const& wanted,
                   std::uint16_t port) {
  return std::all_of(where.begin(), where.end(), [&](endpoint const& one) {
    return (port == 0 || one.port() == port) &&
           std::find(wanted.begin(), wanted.end(), one.address()) != wanted.end();
  });
}

template <class Text>
std::string joined(endpoints const& where, Text text_of) {
  std::string out;
  for (auto const& one : where) out.append(out.empty() ? "" : " ").append(text_of(one));
  return out;
}

}  // namespace

std::variant<sockets, config::usage_error> open_sockets(
    std::vector<boost::asio::ip::address> const& addresses, std::uint16_t port) {
  if (addresses.size() > base::limits::listening_sockets) {
    return config::usage_error{
        "gatehouse: --bind: the name has " + std::to_string(addresses.size()) + " addresses, and " +
        std::to_string(base::limits::listening_sockets) + " can be listened on"};
  }
  std::optional<failure> failed;
  for (int tries = 0; tries < base::limits::ports_tried; ++tries) {
    sockets out;
    std::vector<failure> absent;
    failed = open_all(out, absent, addresses, port);
    if (!failed) {
      for (auto const& one : absent) {
        base::log::warn("address-left-out",
                        base::endpoint_text(one.where) + ": " + one.why.message());
      }
      return out;
    }
    if (port != 0 || failed->why != errc_t::address_in_use) break;
  }
  listen_advice advice{this_program()};
  if (failed->why == errc_t::address_in_use && port != 0)
    advice.free_port = free_port_after(port, addresses);
  return config::usage_error{"gatehouse: " + listen_failure(failed->where, failed->why, advice)};
}

std::uint16_t free_port(config::server_options const& chosen) {
  auto const found = config::bind_addresses(chosen);
  auto const* const addresses = std::get_if<std::vector<boost::asio::ip::address>>(&found);
  if (addresses == nullptr || chosen.port == 0) return chosen.port;
  auto const before = static_cast<std::uint16_t>(chosen.port - 1);
  return free_port_after(before, *addresses).value_or(chosen.port);
}

std::variant<sockets, config::usage_error> given_or_opened(sockets given,
                                                           config::server_options const& chosen) {
  auto const found = config::bind_addresses(chosen);
  auto const* const addresses = std::get_if<std::vector<boost::asio::ip::address>>(&found);
  if (given.empty()) {
    if (addresses == nullptr) return std::get<config::usage_error>(found);
    return open_sockets(*addresses, chosen.port);
  }
  auto const where = endpoints_of(given);
  if (addresses == nullptr || !are_as_chosen(where, *addresses, chosen.port)) {
    base::log::warn("socket-given", "listens on " + endpoints_text(where) +
                                        ", as what was given does; --bind and --port are not used");
  }
  return given;
}

std::string listen_failure(endpoint const& where, base::error_code const& why,
                           listen_advice const& advice) {
  std::string const start = "cannot listen on " + base::endpoint_text(where) + ": ";
  if (why == errc_t::address_in_use) {
    auto const another =
        advice.free_port ? ", such as -p " + std::to_string(*advice.free_port) : " with -p PORT";
    return start + "another program listens there already. Choose another port" + another +
           ", or -p 0 for any free one";
  }
  if (why == errc_t::permission_denied && where.port() < first_unprivileged_port) {
    return start +
           "a port below 1024 needs a privilege. Choose a higher port (-p 8080), let systemd open "
           "it (packaging/gatehouse.socket), start as root with --user NAME, or allow it to this "
           "program: sudo setcap cap_net_bind_service=+ep " +
           advice.program;
  }
  if (why == errc_t::address_not_available) {
    return start + "this machine does not have that address. `ip address` shows those that it has";
  }
  return start + why.message();
}

endpoints endpoints_of(sockets const& given) {
  endpoints out;
  for (auto const& one : given) out.push_back(net::endpoint_of(one.get()));
  return out;
}

std::string endpoints_text(endpoints const& where) {
  return joined(where, [](endpoint const& one) { return base::endpoint_text(one); });
}

std::string urls_text(endpoints const& where) {
  return joined(where,
                [](endpoint const& one) { return "http://" + base::endpoint_text(one) + "/"; });
}

}  // namespace gatehouse::app
