#pragma once
// Where an application that runs elsewhere listens: `unix:/PATH` or `HOST:PORT`.

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/system/result.hpp>

#include "gatehouse/base/error.hpp"

namespace gatehouse::upstream {

struct address {
  std::string path;  // of a Unix socket; empty: host and port
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;

  bool is_unix() const { return !path.empty(); }
  // As it was written: "unix:/run/app", "[::1]:9000".
  std::string text() const;
};

// What is wrong with an address, in a few words.
struct complaint {
  std::string text;
};

// Reads addresses between commas. The complaint: "the port of
// "localhost:0" is no number from 1 to 65535". Pure.
boost::system::result<std::vector<address>, complaint> parse_addresses(std::string_view text);

// An address as the system takes it.
struct endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;
  std::string text;  // of the address that it was made from

  sockaddr const* get() const { return reinterpret_cast<sockaddr const*>(&storage); }
  int family() const { return storage.ss_family; }
};

// The endpoints of an address: of a name all that the system knows. Blocks while the system looks
// for a name. The complaint: "Name or service not known".
boost::system::result<std::vector<endpoint>, complaint> resolve(address const& of);

}  // namespace gatehouse::upstream
