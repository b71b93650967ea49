#pragma once
// What the sweep asks for, and what the answers have to be.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../wire/site.hpp"

namespace fault {

struct answer {
  std::string method = "GET";
  unsigned status = 200;
  std::optional<std::string> body;  // none: learnt from the first answer, if that is a 200
  bool may_differ = false;          // what cannot be had is left out of the answer
};

// One connection: what is sent, and the answers to it.
struct exchange {
  std::string name;
  std::string request;
  std::vector<answer> answers;
  bool leaves = false;  // the client closes when the first bytes of an answer have come
};

// Files and scripts, old enough to be kept in the server's cache.
void fill(wire::site const& site);

// Where the server is to find a program that runs PHP behind FastCGI.
std::filesystem::path php_socket(wire::site const& site);

// The options of a server that is to answer them.
std::vector<std::string> options_for(wire::site const& site);

std::vector<exchange> exchanges();

}  // namespace fault
