#include "gatehouse/http/request.hpp"

namespace gatehouse::http {

std::optional<host_and_port> host_of(request const& request) {
  if (!request.target.authority.empty()) return parse_host(request.target.authority);
  return parse_host(request.fields.find("Host").value_or(""));
}

}  // namespace gatehouse::http
