#pragma once
// Texts that no log shows, such as the inspector's token. The process has one list of them, because
// there are many ways by which a client's bytes reach a log, and one at the end of them all:
// whoever writes lines of a log (log_output, the printer of --trace) takes the secrets out there.

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::base {

// From now on no log shows this text, which has at least limits::secret_head_bytes; a shorter one
// is ignored. The latest limits::secrets_kept are known. May be called from any thread. Throws
// std::bad_alloc.
void keep_secret(std::string_view text);

// The text with `***` in the place of each secret, and of each one whose end was cut off behind
// limits::secret_head_bytes or more. Nothing if there is none in it. May be called from any thread.
// Throws std::bad_alloc.
std::optional<std::string> without_secrets(std::string_view text);

}  // namespace gatehouse::base
