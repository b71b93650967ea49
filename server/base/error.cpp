#include "gatehouse/base/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

namespace gatehouse::base {
namespace {

class exchange_category final : public boost::system::error_category {
 public:
  char const* name() const noexcept override { return "gatehouse"; }
  std::string message(int value) const override {
    switch (static_cast<errc>(value)) {
      case errc::client_gone:
        return "the client closed the connection";
      case errc::timed_out:
        return "a deadline passed";
      case errc::body_too_large:
        return "the request body is over the limit";
      case errc::malformed_body:
        return "the request body's chunked framing is broken";
      case errc::framing_too_large:
        return "the request body's chunked framing is over its limit";
      case errc::truncated:
        return "the content ended before its announced length";
      case errc::too_slow:
        return "the client is slower than the least rate";
      case errc::spools_full:
        return "spooled request bodies fill the room that there is for them";
      case errc::stopped:
        return "stopped";
    }
    return "unknown error";
  }
};

}  // namespace

boost::system::error_category const& category() {
  static exchange_category const instance;
  return instance;
}

error_code last_error() {
  return {errno, boost::system::system_category()};
}

bool is_shortage(error_code const& ec) {
  if (ec.category() != boost::system::system_category()) return false;
  constexpr std::array shortages{EMFILE, ENFILE, EAGAIN, ENOMEM, ENOBUFS, ENOSPC, EDQUOT, EUSERS};
  return std::find(shortages.begin(), shortages.end(), ec.value()) != shortages.end();
}

}  // namespace gatehouse::base
