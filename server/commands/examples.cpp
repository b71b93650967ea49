#include "gatehouse/commands/examples.hpp"

#include <stdlib.h>

#include <string>
#include <system_error>

#include "gatehouse/base/error.hpp"
#include "gatehouse/config/option_values.hpp"

namespace gatehouse::commands {
namespace {

namespace fs = std::filesystem;

config::usage_error cannot_copy(fs::path const& to, std::string const& why) {
  return {"gatehouse: cannot copy the examples to " + config::in_quotes(to.native()) + ": " + why};
}

// A new directory beside the one that it is to become, removed unless it has.
class unfinished_copy {
 public:
  explicit unfinished_copy(fs::path const& target) {
    std::string name = target.native() + ".part-XXXXXX";
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  unfinished_copy(unfinished_copy const&) = delete;
  unfinished_copy& operator=(unfinished_copy const&) = delete;
  ~unfinished_copy() {
    std::error_code ec;
    if (!path_.empty()) fs::remove_all(path_, ec);
  }

  // Empty if it could not be made.
  fs::path const& path() const { return path_; }
  // rename(2) takes the place of nothing but an empty directory.
  void become(fs::path const& target, std::error_code& ec) {
    fs::permissions(path_, fs::perms(0755), ec);
    if (!ec) fs::rename(path_, target, ec);
    if (!ec) path_.clear();
  }

 private:
  fs::path path_;
};

// Whether nothing is there, or an empty directory.
bool is_free(fs::path const& directory) {
  std::error_code ec;
  auto const found = fs::symlink_status(directory, ec);
  if (!fs::exists(found)) return true;
  return fs::is_directory(found) && fs::is_empty(directory, ec) && !ec;
}

// What was installed for all may be read-only; a copy is its owner's.
void let_owner_write(fs::path const& directory, std::error_code& ec) {
  for (fs::recursive_directory_iterator at(directory, ec), end; !ec && at != end;
       at.increment(ec)) {
    if (!at->is_symlink(ec) && !ec)
      fs::permissions(at->path(), fs::perms::owner_write, fs::perm_options::add, ec);
    if (ec) return;
  }
}

}  // namespace

bool holds_examples(fs::path const& directory) {
  std::error_code ec;
  return fs::is_directory(directory / "www/tour", ec) &&
         fs::is_directory(directory / "cgi-bin", ec);
}

std::optional<fs::path> find_examples(fs::path const& program) {
  for (char const* const way : {INSTALLED_EXAMPLES, BUILT_EXAMPLES}) {
    auto place = (program.parent_path() / way).lexically_normal();
    if (holds_examples(place)) return place;
  }
  return std::nullopt;
}

std::variant<copy_outcome, config::usage_error> copy_examples(fs::path const& examples,
                                                              fs::path const& directory) {
  bool const free = is_free(directory);
  if (holds_examples(directory)) return copy_outcome::was_there;
  if (!free) {
    auto const name = directory.filename().string();
    return config::usage_error{"gatehouse: " + config::in_quotes(directory.native()) +
                               " is no copy of the examples, and is left as it is. Name a "
                               "directory that does not exist yet, such as `gatehouse tour " +
                               (name.empty() ? "gatehouse-tour" : name) + "-2`"};
  }
  unfinished_copy copy(directory);
  if (copy.path().empty()) return cannot_copy(directory, base::last_error().message());
  std::error_code ec;
  constexpr auto how = fs::copy_options::recursive | fs::copy_options::copy_symlinks;
  for (char const* const part : {"www", "cgi-bin"}) {
    if (!ec) fs::copy(examples / part, copy.path() / part, how, ec);
  }
  if (!ec) let_owner_write(copy.path(), ec);
  if (!ec) copy.become(directory, ec);
  // Another tour that starts at the same time may have made it meanwhile.
  if (ec && holds_examples(directory)) return copy_outcome::was_there;
  if (ec) return cannot_copy(directory, ec.message());
  return copy_outcome::made;
}

}  // namespace gatehouse::commands
