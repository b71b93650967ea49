#include "gatehouse/files/listing.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <compare>
#include <optional>

#include "gatehouse/base/error.hpp"
#include "gatehouse/http/grammar.hpp"

namespace gatehouse::files {
namespace {

listing_entry to_entry(std::string_view name, struct stat const& status) {
  bool const is_directory = S_ISDIR(status.st_mode);
  return {.name = std::string(name),
          .is_directory = is_directory,
          .size_bytes = is_directory ? 0 : static_cast<std::uint64_t>(status.st_size),
          .modified = std::chrono::sys_seconds(std::chrono::seconds(status.st_mtim.tv_sec))};
}

// Null at the end, with errno 0, and on an error, with another errno.
dirent const* next_entry(DIR* directory) {
  errno = 0;
  return ::readdir(directory);
}

bool is_shortage(http::http_error const& e) {
  return e.status == 503;
}

// The entry of that name if it is to be shown. Directories and links are opened, because only that
// tells whether they are served.
http::result<std::optional<listing_entry>> look_at(document_root const& root, std::string_view path,
                                                   int directory, char const* name) {
  struct stat status {};
  if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (!base::is_shortage(base::last_error())) return std::nullopt;
    return http::try_again_later("out-of-memory", std::string(path));
  }
  if (S_ISREG(status.st_mode)) return to_entry(name, status);
  if (!S_ISDIR(status.st_mode) && !S_ISLNK(status.st_mode)) return std::nullopt;
  auto const opened = root.open(std::string(path) + "/" + name);
  if (opened.has_value()) return to_entry(name, opened->status);
  if (is_shortage(opened.error())) return opened.error();
  return std::nullopt;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// Removes the digits at the front of the text, and returns them without leading zeros.
std::string_view take_number(std::string_view& text) {
  auto const end = static_cast<std::size_t>(
      std::find_if_not(text.begin(), text.end(), http::is_digit) - text.begin());
  auto number = text.substr(0, end);
  text.remove_prefix(end);
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  return number;
}

std::strong_ordering compare_names(std::string_view whole_a, std::string_view whole_b) {
  auto a = whole_a;
  auto b = whole_b;
  while (!a.empty() && !b.empty()) {
    std::strong_ordering order = std::strong_ordering::equal;
    if (http::is_digit(a[0]) && http::is_digit(b[0])) {
      auto const x = take_number(a);
      auto const y = take_number(b);
      order = x.size() != y.size() ? x.size() <=> y.size() : x <=> y;
    } else {
      order = static_cast<unsigned char>(lower(a[0])) <=> static_cast<unsigned char>(lower(b[0]));
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
    if (order != 0) return order;
  }
  if (a.empty() != b.empty())
    return a.empty() ? std::strong_ordering::less : std::strong_ordering::greater;
  return whole_a <=> whole_b;
}

std::strong_ordering compare_by(sort_key key, listing_entry const& a, listing_entry const& b) {
  switch (key) {
    case sort_key::size:
      return a.size_bytes <=> b.size_bytes;
    case sort_key::modified:
      return a.modified.time_since_epoch().count() <=> b.modified.time_since_epoch().count();
    case sort_key::name:
      break;
  }
  return compare_names(a.name, b.name);
}

bool comes_before(sorting order, listing_entry const& a, listing_entry const& b) {
  if (a.is_directory != b.is_directory) return a.is_directory;
  auto const by_key = compare_by(order.key, a, b);
  if (by_key != 0) return order.descending ? by_key > 0 : by_key < 0;
  return compare_names(a.name, b.name) < 0;
}

// Removes the next pair from the front of a query, whose pairs are separated by "&".
std::string_view next_pair(std::string_view& query) {
  auto const pair = query.substr(0, query.find('&'));
  query.remove_prefix(std::min(pair.size() + 1, query.size()));
  return pair;
}

}  // namespace

// Opens the directory again, because closedir(3) closes what it reads, and the caller keeps its
// own.
listing_reader::listing_reader(document_root const& root, open_file const& directory,
                               std::string path)
    : root_(root), path_(std::move(path)) {
  base::unique_fd again(
      ::openat(directory.file.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY));
  if (!again) return;
  stream_.reset(::fdopendir(again.get()));
  if (stream_) static_cast<void>(again.release());  // It is closedir's from now on.
}

http::result<listing_reader::progress> listing_reader::read_some(std::size_t names) {
  if (!stream_) return http::try_again_later("out-of-resources", path_);
  for (std::size_t i = 0; i < names; ++i) {
    dirent const* const entry = next_entry(stream_.get());
    if (entry == nullptr && errno == 0) return progress::at_end;
    if (entry == nullptr) {
      auto const why = base::last_error();
      return http::http_error{
          .status = 500, .reason = "listing-failed", .detail = path_ + ": " + why.message()};
    }
    if (entry->d_name[0] == '.') continue;
    auto shown = look_at(root_, path_, ::dirfd(stream_.get()), entry->d_name);
    if (shown.has_error()) return shown.error();
    if (shown->has_value()) add(std::move(**shown));
  }
  return progress::unfinished;
}

void listing_reader::add(listing_entry entry) {
  if (entry.is_directory) ++list_.directories;
  list_.size_bytes += entry.size_bytes;
  size_bytes_ += sizeof entry + entry.name.capacity();
  list_.entries.push_back(std::move(entry));
}

sorting parse_sorting(std::string_view query) {
  sorting order;
  while (!query.empty()) {
    auto const pair = next_pair(query);
    if (pair == "sort=name") order.key = sort_key::name;
    if (pair == "sort=size") order.key = sort_key::size;
    if (pair == "sort=date") order.key = sort_key::modified;
    if (pair == "order=asc") order.descending = false;
    if (pair == "order=desc") order.descending = true;
  }
  return order;
}

std::size_t parse_page(std::string_view query) {
  constexpr std::string_view name = "page=";
  std::size_t page = 1;
  while (!query.empty()) {
    auto const pair = next_pair(query);
    if (!pair.starts_with(name)) continue;
    page = http::parse_decimal(pair.substr(name.size())).value_or(1);
  }
  return std::max<std::size_t>(page, 1);
}

void sort_entries(listing& list, sorting order) {
  std::sort(list.entries.begin(), list.entries.end(),
            [&](auto const& a, auto const& b) { return comes_before(order, a, b); });
}

}  // namespace gatehouse::files
