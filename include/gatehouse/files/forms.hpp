#pragma once
// The forms of a file: the file itself, and compressed copies beside it (a.css, a.css.br,
// a.css.gz).

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "gatehouse/files/document_root.hpp"
#include "gatehouse/files/file_cache.hpp"
#include "gatehouse/files/representation.hpp"
#include "gatehouse/http/request.hpp"

namespace gatehouse::files {

// As many forms as a file can have.
inline constexpr std::size_t most_forms = 3;

// A file or a compressed form of it, open.
struct open_form {
  open_file file;
  std::string_view coding;  // empty: the bare file; else a literal
};

struct known_forms {
  std::vector<open_form> forms;  // the smaller coding first, the bare file last
  bool all = true;               // or one could not be opened now, and may be there later
};

// The forms of the file that was opened by the decoded URL path. A compressed form counts if it was
// made since the file was changed. Blocks for as long as the file system does.
known_forms open_forms(document_root const& root, std::string_view path, open_file bare);

// Which of the forms (their codings, the bare one last) the request likes best (RFC 9110, 12.5.3).
// Pure.
std::size_t preferred_form(http::request const& request, std::span<std::string_view const> codings);

// varies: there are other forms of the file.
representation describe(open_form const& form, bool varies, std::string_view media_type);

// A file's forms as the cache keeps them; takes the descriptors of those that it holds open. Null,
// and nothing taken, if they cannot be kept (one is too large, or was changed a moment ago) or
// change at this moment.
std::shared_ptr<cached_file const> kept_forms(std::vector<open_form>& forms,
                                              std::string_view media_type);

// Whether the cache knows the forms as they are now.
bool is_same(cached_file const& known, std::vector<open_form> const& forms);

}  // namespace gatehouse::files
