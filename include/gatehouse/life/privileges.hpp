#pragma once
// Giving up root after the listening sockets are open: --user and --group.

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "gatehouse/base/error.hpp"
#include "gatehouse/config/options.hpp"

namespace gatehouse::life {

// Who the server is to be; nothing where it stays as it is.
struct identity {
  std::optional<uid_t> user;
  std::optional<gid_t> group;
};

// Names or numbers, as given to --user and --group; empty for none. A user without a group gets the
// group of its passwd entry; a number without an entry needs a group.
std::variant<identity, config::usage_error> resolve_identity(std::string const& user,
                                                             std::string const& group);

// Makes an empty file with mode 0640 that is that user's and group's, unless there is a file
// already or nobody else to become. So a log that root opens can be opened again by whom the server
// becomes. The errors are those of open(2) and fchown(2).
base::error_code make_file_for(identity const& target, std::string const& path);

// Becomes that user and group, with no other groups, for good, and verifies it. To be called once,
// before the first thread is started. Does nothing if there is nothing to change.
base::error_code drop_privileges(identity const& target);

// Says that drop_privileges failed for these --user and --group, and what to do.
config::usage_error cannot_become(std::string const& user, std::string const& group,
                                  base::error_code const& why);

}  // namespace gatehouse::life
