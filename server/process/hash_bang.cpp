#include "gatehouse/process/hash_bang.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::process {
namespace {

// What the kernel reads of a file that it is to run.
constexpr std::size_t kernel_reads = 256;
constexpr std::string_view blanks = " \t";

std::string_view trimmed(std::string_view text) {
  auto const first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> out;
  while (!(text = trimmed(text)).empty()) {
    auto const end = std::min(text.find_first_of(blanks), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

std::string last_part(std::string const& path) {
  return path.substr(path.rfind('/') + 1);
}

// "NAME", or "-S NAME [WORD...]" whose words mean nothing special to env.
std::optional<interpreter_words> words_for_env(std::string const& argument) {
  auto words = split(argument);
  bool const splits = !words.empty() && words.front() == "-S";
  if (splits) words.erase(words.begin());
  bool const special = argument.find_first_of("\\'\"$#") != std::string::npos;
  if (words.empty() || special || (!splits && words.size() > 1)) return std::nullopt;
  if (words.front().starts_with('-') || words.front().find('=') != std::string::npos)
    return std::nullopt;
  auto name = last_part(words.front());
  words.erase(words.begin());
  return interpreter_words{std::move(name), std::move(words)};
}

}  // namespace

std::optional<hash_bang> parse_hash_bang(std::string_view beginning) {
  beginning = beginning.substr(0, kernel_reads);
  auto const end = beginning.find('\n');
  if (!beginning.starts_with("#!") || end == std::string_view::npos) return std::nullopt;
  auto const line = trimmed(beginning.substr(2, end - 2));
  if (line.empty() || line.find('\0') != std::string_view::npos) return std::nullopt;
  auto const behind = std::min(line.find_first_of(blanks), line.size());
  return hash_bang{std::string(line.substr(0, behind)), std::string(trimmed(line.substr(behind)))};
}

std::optional<hash_bang> read_hash_bang(std::string const& file) {
  base::unique_fd const opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (!opened || ::fstat(opened.get(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  std::array<char, kernel_reads> beginning;
  auto const size = ::read(opened.get(), beginning.data(), beginning.size());
  if (size <= 0) return std::nullopt;
  return parse_hash_bang({beginning.data(), static_cast<std::size_t>(size)});
}

std::optional<interpreter_words> words_of(hash_bang const& line) {
  interpreter_words out{last_part(line.interpreter), {}};
  if (out.name == "env") return words_for_env(line.argument);
  if (!line.argument.empty()) out.flags.push_back(line.argument);
  return out;
}

}  // namespace gatehouse::process
