#pragma once
// Parts of the lines that the printer writes of an exchange. Pure.

#include <sys/time.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::trace {

// "12.34"
std::string fixed(double value, int digits);
std::string milliseconds_text(std::chrono::steady_clock::duration time);
std::string milliseconds_text(timeval const& time);

// Makes one line of a text. A decoded path may have line feeds, which must not end the line.
std::string one_line(std::string_view text);

std::string padded(std::string text, std::size_t width);

// The lines of a text. A line feed at its end does not begin another line.
std::vector<std::string_view> lines_of(std::string_view text);

// The lines of a head, without CR LF and without the empty line at its end.
std::vector<std::string_view> head_lines(std::string_view head);

// Whether bytes are shown as text. They are not if most of them would be shown by their numbers.
bool is_text(std::string_view bytes);

std::string hexadecimal(std::string_view bytes);

// Clauses are numbers; what asks for the other variables is in words.
std::string origin_text(std::string_view from, std::string_view clause);

}  // namespace gatehouse::trace
