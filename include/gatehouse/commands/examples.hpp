#pragma once
// The example pages and programs that come with gatehouse (www/ and cgi-bin/), and copies of them
// that their owner may change.

#include <filesystem>
#include <optional>
#include <variant>

#include "gatehouse/config/options.hpp"

namespace gatehouse::commands {

// Whether a directory holds the examples or a copy of them: www/tour and cgi-bin.
bool holds_examples(std::filesystem::path const& directory);

// Where the examples are that belong to the program at this path: below share/ of the place that it
// was installed to, or in the checkout that it was built in. Nothing if they are at neither.
std::optional<std::filesystem::path> find_examples(std::filesystem::path const& program);

enum class copy_outcome { made, was_there };

// Copies the examples to a directory that does not exist or is empty, with their modes and so that
// the owner can write all of it. The directory appears when the copy is whole. One that holds a
// copy already is left as it is; one that holds something else is an error, as is what the system
// refuses.
std::variant<copy_outcome, config::usage_error> copy_examples(
    std::filesystem::path const& examples, std::filesystem::path const& directory);

}  // namespace gatehouse::commands
