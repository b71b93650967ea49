#include "gatehouse/app/reload.hpp"

namespace gatehouse::app {
namespace {

// Gives the option its value of now; whether it was to change.
template <auto Option>
bool keep(options& next, options const& now) {
  if (next.*Option == now.*Option) return false;
  next.*Option = now.*Option;
  return true;
}

struct fixed_option {
  std::string_view name;
  bool (*keep)(options& next, options const& now);
};

constexpr fixed_option fixed_options[] = {
    {"port", keep<&options::port>},
    {"bind", keep<&options::bind>},
    {"user", keep<&options::user>},
    {"group", keep<&options::group>},
    {"takeover", keep<&options::takeover>},
    {"threads", keep<&options::threads>},
    {"max-connections", keep<&options::max_connections>},
    {"max-connections-per-address", keep<&options::max_connections_per_address>},
    {"sandbox", keep<&options::sandbox>},
    {"sandbox-read", keep<&options::sandbox_read>},
    {"sandbox-write", keep<&options::sandbox_write>},
    {"sandbox-net", keep<&options::sandbox_net>},
};

}  // namespace

std::vector<std::string_view> keep_fixed(options& next, options const& now) {
  std::vector<std::string_view> kept;
  for (auto const& option : fixed_options) {
    if (option.keep(next, now)) kept.push_back(option.name);
  }
  return kept;
}

}  // namespace gatehouse::app
