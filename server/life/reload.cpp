#include "gatehouse/life/reload.hpp"

namespace gatehouse::life {
namespace {

// Gives the option its value of now; whether it was to change.
template <auto Option>
bool keep(config::server_options& next, config::server_options const& now) {
  if (next.*Option == now.*Option) return false;
  next.*Option = now.*Option;
  return true;
}

struct fixed_option {
  std::string_view name;
  bool (*keep)(config::server_options& next, config::server_options const& now);
};

constexpr fixed_option fixed_options[] = {
    {"port", keep<&config::server_options::port>},
    {"bind", keep<&config::server_options::bind>},
    {"user", keep<&config::server_options::user>},
    {"group", keep<&config::server_options::group>},
    {"takeover", keep<&config::server_options::takeover>},
    {"threads", keep<&config::server_options::threads>},
    {"max-connections", keep<&config::server_options::max_connections>},
    {"max-connections-per-address", keep<&config::server_options::max_connections_per_address>},
    {"sandbox", keep<&config::server_options::sandbox>},
    {"sandbox-net", keep<&config::server_options::sandbox_net>},
};

}  // namespace

std::vector<std::string_view> keep_fixed(config::server_options& next,
                                         config::server_options const& now) {
  std::vector<std::string_view> kept;
  for (auto const& option : fixed_options) {
    if (option.keep(next, now)) kept.push_back(option.name);
  }
  return kept;
}

}  // namespace gatehouse::life
