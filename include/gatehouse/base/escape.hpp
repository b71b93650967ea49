#pragma once
// Untrusted text made safe for where it goes. Pure.

#include <string>
#include <string_view>

namespace gatehouse::base {

// For one line of text, in a log or on a terminal: control characters, what changes the direction
// of text or ends a line in Unicode's way, and bytes that are not valid UTF-8 as \xHH. All else
// stays as it is, quotes and backslashes too: a command in the line can be pasted into a shell. The
// result has no line break and no terminal escape, and reads in the order in which it stands.
std::string log_escaped(std::string_view text);

// For a field of such a line that stands between double quotes: as log_escaped(), with a backslash
// as \\ and a double quote as \", so that the field ends where it ends.
std::string log_field_escaped(std::string_view text);

// For a terminal: control characters other than tab and line feed, what changes the direction of
// text, and bytes that are not valid UTF-8, as \xHH.
std::string terminal_escaped(std::string_view text);

// For HTML text and double-quoted attributes: & < > " ' as character references; other control
// characters than tab and line feed, and bytes that are not valid UTF-8, as U+FFFD; what changes
// the direction of text as \xHH.
std::string html_escaped(std::string_view text);

// Serialized JSON, with DEL, the C1 controls and what changes the direction of text, which JSON
// allows in strings and terminals obey, as JSON's own escapes.
std::string json_for_terminals(std::string_view json);

// For formats that are UTF-8 and have their own escapes, such as JSON: bytes that are not valid
// UTF-8 as U+FFFD, all else as it is.
std::string valid_utf8(std::string_view text);

// The word as a POSIX shell reads it back.
std::string shell_quoted(std::string_view word);

}  // namespace gatehouse::base
