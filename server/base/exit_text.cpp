#include "gatehouse/base/exit_text.hpp"

#include <sys/wait.h>

#include <cstring>

namespace gatehouse::base {

std::string exit_text(int wait_status) {
  if (WIFEXITED(wait_status)) {
    return "exited with status " + std::to_string(WEXITSTATUS(wait_status));
  }
  if (!WIFSIGNALED(wait_status)) return "ended in a way that the system did not tell";
  int const signal = WTERMSIG(wait_status);
  std::string out = "was killed by signal " + std::to_string(signal);
  if (char const* const description = ::sigdescr_np(signal)) {
    std::string text = description;
    if (text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a')
      text[0] = static_cast<char>(text[0] | 0x20);
    out += " (" + text + ")";
  }
  return out;
}

}  // namespace gatehouse::base
