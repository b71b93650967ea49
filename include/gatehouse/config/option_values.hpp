#pragma once
// The small values that options are written in, and how an error line speaks of them. Pure; a
// parser gives nothing if the text is not such a value.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::config {

// What is wrong with a value; nothing if it is good.
using complaint = std::optional<std::string>;

// "on" or "off".
std::optional<bool> parse_switch(std::string_view text);

// Bytes: digits and one of k, M, G (powers of 1024, either case) or nothing.
std::optional<std::uint64_t> parse_size(std::string_view text);

// Digits and one of ms, s, m, h, or nothing for seconds; at most a year.
std::optional<std::chrono::milliseconds> parse_time(std::string_view text);

// Digits alone, from least to most.
std::optional<std::uint64_t> parse_count(std::string_view text, std::uint64_t least,
                                         std::uint64_t most);

// [A-Za-z_][A-Za-z0-9_]*
bool is_environment_name(std::string_view text);

// What can be the name of a host: labels of letters, digits, "-" and "_" with dots between them,
// the last one not a number ("127.0.1" is no name).
bool is_host_name(std::string_view text);

// "." and at least one more character, no slash.
bool is_extension(std::string_view text);

// Words between blanks. A word, or a part of it, may stand between double quotes to hold blanks.
// Nothing if a quote is not closed.
std::optional<std::vector<std::string>> split_words(std::string_view text);

// The text as an error line shows it: escaped, in double quotes.
std::string in_quotes(std::string_view text);

// The parts between commas, without blanks around them.
std::vector<std::string_view> split_list(std::string_view text);

}  // namespace gatehouse::config
