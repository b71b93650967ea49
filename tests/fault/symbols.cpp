#include "symbols.hpp"

#include <charconv>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "../wire/program.hpp"

namespace fault {
namespace {

// Without template arguments, parameters and our own namespaces: enough to find the place.
std::string shortened(std::string_view name) {
  std::string out;
  int depth = 0;
  for (char const c : name) {
    if (c == '<' || c == '(' || c == '{' || c == '[') ++depth;
    if (depth == 0) out += c;
    if (c == '>' || c == ')' || c == '}' || c == ']') --depth;
  }
  if (auto const own = out.find("gatehouse::"); own != std::string::npos) out.erase(0, own + 11);
  return out;
}

}  // namespace

symbols::symbols(std::string const& program) {
  auto const listed = wire::run({"nm", "--demangle", "--defined-only", program});
  std::istringstream lines(listed.out);
  std::uint64_t base = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.size() < 20) continue;
    std::uint64_t start = 0;
    std::from_chars(line.data(), line.data() + 16, start, 16);
    char const kind = line[17];
    std::string name = line.substr(19);
    if (name == "__executable_start") base = start;
    if (kind == 't' || kind == 'T' || kind == 'W' || kind == 'w') by_start_[start] = name;
  }
  if (by_start_.empty()) throw std::runtime_error("nm gives no symbols: " + listed.err);
  if (base == 0) return;
  auto const absolute = std::exchange(by_start_, {});
  for (auto const& [start, name] : absolute) by_start_[start - base] = name;
}

std::string const* symbols::function_at(std::uint32_t offset, std::uint32_t& start) const {
  auto const after = by_start_.upper_bound(offset);
  if (after == by_start_.begin()) return nullptr;
  auto const found = std::prev(after);
  start = static_cast<std::uint32_t>(found->first);
  return &found->second;
}

std::string symbols::at(std::uint32_t offset) const {
  std::uint32_t start = 0;
  auto const* const name = function_at(offset, start);
  std::ostringstream out;
  if (name != nullptr) out << shortened(*name) << '+';
  out << "0x" << std::hex << offset - start;
  return out.str();
}

bool symbols::is_asio(std::uint32_t offset) const {
  std::uint32_t start = 0;
  auto const* const name = function_at(offset, start);
  return name != nullptr && name->find("gatehouse::") == std::string::npos &&
         name->find("boost::asio") != std::string::npos;
}

}  // namespace fault
