#include "gatehouse/base/program_text.hpp"

namespace gatehouse::base {

std::string program_text(std::string_view name, pid_t pid) {
  std::string out(name);
  if (pid != 0) out.append("[").append(std::to_string(pid)).append("]");
  return out;
}

}  // namespace gatehouse::base
