#include "gatehouse/files/forms.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "gatehouse/base/clock.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/accept.hpp"

namespace gatehouse::files {
namespace {

struct sibling_form {
  std::string_view coding;
  std::string_view ending;
};
// The coding that usually makes smaller files comes first.
constexpr std::array<sibling_form, most_forms - 1> sibling_forms = {
    {{"br", ".br"}, {"gzip", ".gz"}}};

std::uint64_t nanoseconds(timespec const& t) {
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(t.tv_nsec);
}

// Opens a compressed form of a file. It does not count if it is older than the file. An error says
// that something of its name may be there, and may be readable a moment later.
http::result<std::optional<open_file>> open_sibling(document_root const& root,
                                                    std::string_view path, std::string_view ending,
                                                    struct stat const& original) {
  auto sibling = root.open(std::string(path).append(ending));
  bool const is_there = sibling.has_value() && !sibling->is_directory();
  if (is_there && nanoseconds(sibling->status.st_mtim) >= nanoseconds(original.st_mtim))
    return std::move(*sibling);
  if (sibling.has_error() && sibling.error().status != 404) return sibling.error();
  return std::nullopt;
}

// The whole content of a small file; nothing if the file has changed since it was opened.
std::optional<std::string> read_whole(open_file const& file) {
  std::string content(static_cast<std::size_t>(file.status.st_size), '\0');
  for (std::size_t at = 0; at < content.size();) {
    auto const got =
        ::pread(file.file.get(), content.data() + at, content.size() - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    at += static_cast<std::size_t>(got);
  }
  struct stat after {};
  if (::fstat(file.file.get(), &after) != 0 || !same_state(file.status, after)) return std::nullopt;
  return content;
}

// Whether it is small enough to be kept in memory.
bool is_small(open_form const& form) {
  return static_cast<std::uint64_t>(form.file.status.st_size) <= base::limits::cached_file_bytes;
}

// Whether the cache may keep all of them: none is too large, and none was changed a moment ago.
bool may_be_kept(std::vector<open_form> const& forms) {
  auto const now = std::chrono::system_clock::now();
  return std::all_of(forms.begin(), forms.end(), [&](open_form const& form) {
    auto const size = static_cast<std::uint64_t>(form.file.status.st_size);
    return size <= base::limits::cached_open_file_bytes && is_settled(form.file.status, now);
  });
}

}  // namespace

known_forms open_forms(document_root const& root, std::string_view path, open_file bare) {
  known_forms known;
  for (auto const& form : sibling_forms) {
    auto sibling = open_sibling(root, path, form.ending, bare.status);
    if (sibling.has_error()) known.all = false;
    if (sibling.has_error() || !sibling->has_value()) continue;
    known.forms.push_back({std::move(**sibling), form.coding});
  }
  known.forms.push_back({std::move(bare), {}});
  return known;
}

std::size_t preferred_form(http::request const& request,
                           std::span<std::string_view const> codings) {
  auto const bare = codings.size() - 1;
  if (bare == 0) return bare;
  auto const wanted = http::preferred_coding(request.fields, codings.first(bare));
  if (!wanted) return bare;
  return static_cast<std::size_t>(std::find(codings.begin(), codings.end(), *wanted) -
                                  codings.begin());
}

representation describe(open_form const& form, bool varies, std::string_view media_type) {
  return {.media_type = media_type,
          .coding = form.coding,
          .varies = varies,
          .size = static_cast<std::uint64_t>(form.file.status.st_size),
          .validators = validators_of(form.file.status, form.coding, base::current_second())};
}

std::shared_ptr<cached_file const> kept_forms(std::vector<open_form>& forms,
                                              std::string_view media_type) {
  if (!may_be_kept(forms)) return nullptr;
  auto const file = std::make_shared<cached_file>();
  for (open_form const& form : forms) {
    auto const& state = form.file.status;
    auto description = describe(form, forms.size() > 1, media_type);
    std::string lines;
    content_fields(description).append_lines(lines);
    file->forms.push_back({std::move(description), std::move(lines), {}, {}});
    file->states.push_back(state);
    if (!is_small(form)) continue;
    auto content = read_whole(form.file);
    if (!content) return nullptr;
    file->forms.back().content = std::move(*content);
  }
  for (std::size_t i = 0; i < forms.size(); ++i) {
    if (!is_small(forms[i])) file->forms[i].file = std::move(forms[i].file.file);
  }
  return file;
}

bool is_same(cached_file const& known, std::vector<open_form> const& forms) {
  return std::equal(known.states.begin(), known.states.end(), forms.begin(), forms.end(),
                    [](struct stat const& state, open_form const& form) {
                      return same_state(state, form.file.status);
                    });
}

}  // namespace gatehouse::files
