#include "gatehouse/config/option_values.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "gatehouse/base/escape.hpp"
#include "gatehouse/http/grammar.hpp"

namespace gatehouse::config {
namespace {

struct number_and_unit {
  std::uint64_t number;
  std::string_view unit;
};

std::optional<number_and_unit> split_unit(std::string_view text) {
  auto const digits = std::min(text.find_first_not_of("0123456789"), text.size());
  auto const number = http::parse_decimal(text.substr(0, digits));
  if (!number) return std::nullopt;
  return number_and_unit{*number, text.substr(digits)};
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_label(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_';
  });
}

}  // namespace

std::optional<bool> parse_switch(std::string_view text) {
  if (text == "on") return true;
  if (text == "off") return false;
  return std::nullopt;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  auto const parts = split_unit(text);
  if (!parts) return std::nullopt;
  unsigned shift = 0;
  if (parts->unit == "k" || parts->unit == "K") {
    shift = 10;
  } else if (parts->unit == "M" || parts->unit == "m") {
    shift = 20;
  } else if (parts->unit == "G" || parts->unit == "g") {
    shift = 30;
  } else if (!parts->unit.empty()) {
    return std::nullopt;
  }
  // Sizes are compared with signed offsets later on (off_t).
  constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (parts->number > (max >> shift)) return std::nullopt;
  return parts->number << shift;
}

std::optional<std::chrono::milliseconds> parse_time(std::string_view text) {
  auto const parts = split_unit(text);
  if (!parts) return std::nullopt;
  std::uint64_t factor = 0;
  if (parts->unit == "ms") factor = 1;
  if (parts->unit == "s" || parts->unit.empty()) factor = 1000;
  if (parts->unit == "m") factor = 60 * 1000;
  if (parts->unit == "h") factor = 60 * 60 * 1000;
  constexpr std::uint64_t year = 366ULL * 24 * 60 * 60 * 1000;
  if (factor == 0 || parts->number > year / factor) return std::nullopt;
  return std::chrono::milliseconds(parts->number * factor);
}

std::optional<std::uint64_t> parse_count(std::string_view text, std::uint64_t least,
                                         std::uint64_t most) {
  auto const number = http::parse_decimal(text);
  if (!number || *number < least || *number > most) return std::nullopt;
  return number;
}

bool is_environment_name(std::string_view text) {
  return !text.empty() && is_letter(text[0]) && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
  });
}

bool is_host_name(std::string_view text) {
  while (true) {
    auto const dot = text.find('.');
    auto const label = text.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) {
      return label.find_first_not_of("0123456789") != std::string_view::npos;
    }
    text.remove_prefix(dot + 1);
  }
}

bool is_extension(std::string_view text) {
  return text.size() >= 2 && text[0] == '.' && text.find('/') == std::string_view::npos;
}

std::string in_quotes(std::string_view text) {
  return '"' + base::log_field_escaped(text) + '"';
}

std::optional<std::vector<std::string>> split_words(std::string_view text) {
  std::vector<std::string> words;
  bool within = false;  // a word
  bool quoted = false;
  for (char const c : text) {
    bool const blank = !quoted && (c == ' ' || c == '\t');
    if (!blank && !within) words.emplace_back();
    within = !blank;
    if (c == '"') {
      quoted = !quoted;
    } else if (!blank) {
      words.back() += c;
    }
  }
  if (quoted) return std::nullopt;
  return words;
}

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    auto const comma = text.find(',');
    parts.push_back(http::trim_ows(text.substr(0, comma)));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace gatehouse::config
