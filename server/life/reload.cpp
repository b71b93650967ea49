#include "gatehouse/life/reload.hpp"

namespace gatehouse::life {
namespace {

// Gives the option its value of now; whether it was to change.
template <auto Option>
bool keep(config::options& next, config::options const& now) {
  if (next.*Option == now.*Option) return false;
  next.*Option = now.*Option;
  return true;
}

struct fixed_option {
  std::string_view name;
  bool (*keep)(config::options& next, config::options const& now);
};

constexpr fixed_option fixed_options[] = {
    {"port", keep<&config::options::port>},
    {"bind", keep<&config::options::bind>},
    {"user", keep<&config::options::user>},
    {"group", keep<&config::options::group>},
    {"takeover", keep<&config::options::takeover>},
    {"threads", keep<&config::options::threads>},
    {"max-connections", keep<&config::options::max_connections>},
    {"max-connections-per-address", keep<&config::options::max_connections_per_address>},
    {"sandbox", keep<&config::options::sandbox>},
    {"sandbox-net", keep<&config::options::sandbox_net>},
};

}  // namespace

std::vector<std::string_view> keep_fixed(config::options& next, config::options const& now) {
  std::vector<std::string_view> kept;
  for (auto const& option : fixed_options) {
    if (option.keep(next, now)) kept.push_back(option.name);
  }
  return kept;
}

}  // namespace gatehouse::life
