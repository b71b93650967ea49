#pragma once
// Which function an offset in a program lies in.

#include <cstdint>
#include <map>
#include <string>

namespace fault {

class symbols {
 public:
  // Asks nm(1). Throws if that cannot tell.
  explicit symbols(std::string const& program);

  // `function+offset`, shortened; the offset alone if it lies in none.
  std::string at(std::uint32_t offset) const;

  // Whether the function is Asio's or Beast's and not ours.
  bool is_asio(std::uint32_t offset) const;

 private:
  std::string const* function_at(std::uint32_t offset, std::uint32_t& start) const;
  std::map<std::uint64_t, std::string> by_start_;
};

}  // namespace fault
