#include "gatehouse/life/privileges.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/system/errc.hpp>
#include <cerrno>
#include <limits>

#include "gatehouse/base/escape.hpp"
#include "gatehouse/base/unique_fd.hpp"
#include "gatehouse/config/option_values.hpp"
#include "gatehouse/http/grammar.hpp"

namespace gatehouse::life {
namespace {

// An id written as a number. The highest value means "no change" to setuid(2) and its kin.
std::optional<unsigned> parse_id(std::string_view text) {
  auto const number = http::parse_decimal(text);
  if (!number || *number >= std::numeric_limits<unsigned>::max()) return std::nullopt;
  return static_cast<unsigned>(*number);
}

config::usage_error no_such(std::string_view option, std::string_view what, std::string_view name) {
  return {"gatehouse: " + std::string(option) + ": there is no " + std::string(what) + " " +
          config::in_quotes(name)};
}

std::optional<config::usage_error> resolve_user(identity& to, std::string const& name) {
  auto const id = parse_id(name);
  // Start-up is single-threaded, so the static result of getpwnam(3) is safe.
  passwd const* const entry = id ? ::getpwuid(*id) : ::getpwnam(name.c_str());
  if (entry == nullptr && !id) return no_such("--user", "user", name);
  to.user = entry != nullptr ? entry->pw_uid : *id;
  if (entry != nullptr) to.group = entry->pw_gid;
  return std::nullopt;
}

std::optional<config::usage_error> resolve_group(identity& to, std::string const& name) {
  auto const id = parse_id(name);
  ::group const* const entry = id ? nullptr : ::getgrnam(name.c_str());
  if (entry == nullptr && !id) return no_such("--group", "group", name);
  to.group = entry != nullptr ? entry->gr_gid : *id;
  return std::nullopt;
}

bool is_already(identity const& target) {
  uid_t real_user = 0, user = 0, saved_user = 0;
  gid_t real_group = 0, group = 0, saved_group = 0;
  ::getresuid(&real_user, &user, &saved_user);
  ::getresgid(&real_group, &group, &saved_group);
  auto const all = [](auto wanted, auto a, auto b, auto c) {
    return !wanted || (*wanted == a && *wanted == b && *wanted == c);
  };
  return all(target.user, real_user, user, saved_user) &&
         all(target.group, real_group, group, saved_group);
}

}  // namespace

std::variant<identity, config::usage_error> resolve_identity(std::string const& user,
                                                             std::string const& group) {
  identity target;
  if (!user.empty()) {
    if (auto wrong = resolve_user(target, user)) return *wrong;
  }
  if (!group.empty()) {
    if (auto wrong = resolve_group(target, group)) return *wrong;
  }
  if (target.user && !target.group) {
    return config::usage_error{"gatehouse: --user: the number " + user +
                               " has no entry in passwd, so --group is needed too"};
  }
  return target;
}

base::error_code make_file_for(identity const& target, std::string const& path) {
  if (!target.user || ::geteuid() != 0) return {};
  base::unique_fd const made(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  if (!made) return errno == EEXIST ? base::error_code() : base::last_error();
  if (::fchown(made.get(), *target.user, target.group.value_or(::getegid())) != 0)
    return base::last_error();
  return {};
}

base::error_code drop_privileges(identity const& target) {
  if (!target.user && !target.group) return {};
  if (::geteuid() != 0 && is_already(target)) return {};
  // Groups first: without root they can no longer be changed.
  if (target.group) {
    if (::setgroups(1, &*target.group) != 0) return base::last_error();
    if (::setresgid(*target.group, *target.group, *target.group) != 0) return base::last_error();
  }
  if (target.user && ::setresuid(*target.user, *target.user, *target.user) != 0) {
    return base::last_error();
  }
  bool const can_return = target.user.value_or(0) != 0 && ::setuid(0) == 0;
  if (can_return || !is_already(target)) {
    return make_error_code(boost::system::errc::operation_not_permitted);
  }
  return {};
}

config::usage_error cannot_become(std::string const& user, std::string const& group,
                                  base::error_code const& why) {
  std::string const option = user.empty() ? "--group" : "--user";
  auto line = "gatehouse: cannot become " + option + " " +
              base::log_escaped(user.empty() ? group : user) + ": " + why.message();
  if (::geteuid() != 0) {
    line += ". Only root can become another user: start the server as root (sudo), or leave " +
            option + " out, and it stays who you are";
  }
  return {line};
}

}  // namespace gatehouse::life
