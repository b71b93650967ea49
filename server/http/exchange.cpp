#include "gatehouse/http/exchange.hpp"

#include "gatehouse/base/program_text.hpp"

namespace gatehouse::http {

std::string script_prefix(exchange_record const& of) {
  if (of.script.empty()) return {};
  return base::program_text(of.script, of.script_pid) + ": ";
}

}  // namespace gatehouse::http
