#pragma once
// The kinds of --map. Each is registered as a row of one table: how it is written, what it serves
// in words, what makes its handler, and which programs it has. Nothing else knows a kind by its
// name, so another gateway is a room of its own and a row here.

#include <algorithm>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "gatehouse/app/program_search.hpp"
#include "gatehouse/cgi/gateway_rules.hpp"
#include "gatehouse/config/map_syntax.hpp"
#include "gatehouse/config/options.hpp"
#include "gatehouse/gateway/application.hpp"
#include "gatehouse/http/handler.hpp"
#include "gatehouse/process/pool.hpp"
#include "gatehouse/remote/rules.hpp"

namespace gatehouse::app {

// What the handlers of a site are made from. Only `scripts` and `remote` outlive them.
struct site_parts {
  config::server_options const& server;
  config::site_options const& site;
  cgi::gateway_rules const& scripts;
  remote::rules const& remote;
  std::vector<std::filesystem::path> hidden;  // directories of programs: no file in them is served
};

// What the programs of a site that are kept in memory are started with.
struct kept_parts {
  config::server_options const& server;
  cgi::gateway_rules const& scripts;  // ready: with the launcher, and what holds programs
  process::program_keeper& keeper;
};

struct map_kind {
  config::map_syntax syntax;

  // What explain, the inspector and --trace say of what stands behind the prefix. The target
  // follows these words: "files of". serves_one stands where the target is a single program.
  std::string_view serves;
  std::string_view serves_one{};

  // The target is a program or a directory of programs. They are never given out as files, and the
  // rules for all programs hold for them.
  bool runs_target = false;

  // Makes what answers the requests below the prefix.
  std::unique_ptr<http::handler> (*make)(config::mapping const& what,
                                         site_parts const& parts) = nullptr;

  // Makes the application that runs scripts instead of a program, for --interpreter, whose mapping
  // has no prefix. It is null where the kind does not interpret.
  std::shared_ptr<gateway::application> (*make_application)(config::mapping const& what,
                                                            remote::rules const& by) = nullptr;

  // Makes the pool of programs that the handler needs in memory, and gives it to the handler, which
  // `make` has made. The pool is started before the server is ready. Throws
  // std::runtime_error, with a line for people, where there can be none. It gives null where the
  // mapping needs none, and is null where the kind keeps none.
  std::shared_ptr<process::pool> (*keep)(config::mapping const& what, kept_parts const& parts,
                                         http::handler& handler) = nullptr;
  // The same for what make_application has made.
  std::shared_ptr<process::pool> (*keep_application)(config::mapping const& what,
                                                     kept_parts const& parts,
                                                     gateway::application& application) = nullptr;

  // Lists the programs that requests below the prefix can find, for `check` and the inspector.
  // files: how many entries of directories are looked at. It is null where there is none that can
  // be looked at.
  std::vector<program> (*programs)(config::mapping const& what,
                                   config::server_options const& server,
                                   config::site_options const& site, std::size_t files) = nullptr;
};
using map_kinds = std::span<map_kind const>;

// The kinds that this program has. Each is complete.
map_kinds registered_kinds();

// Tells whether nothing is missing in the row.
constexpr bool is_complete(map_kind const& kind) {
  bool const may_be_one = kind.syntax.target == config::map_target::directory_or_program ||
                          kind.syntax.is_program != nullptr;
  bool const sound_keys = std::all_of(
      kind.syntax.keys.begin(), kind.syntax.keys.end(),
      [](config::map_key const& key) { return !key.name.empty() && key.check != nullptr; });
  return !kind.syntax.name.empty() && !kind.serves.empty() &&
         kind.serves_one.empty() != may_be_one && kind.make != nullptr && sound_keys &&
         kind.syntax.interprets == (kind.make_application != nullptr);
}

// How the registered kinds are written, for the command line.
config::map_syntaxes registered_syntaxes();

// Finds the kind of a mapping among those that its options were read with. Throws std::logic_error
// if it is none of them.
map_kind const& kind_of(config::mapping const& what, map_kinds kinds);

// Gives the words of the kind that fit the mapping; the target follows them.
std::string_view words_of(config::mapping const& what, map_kind const& kind);

// Gives all that a site serves, the longest prefix first. The root and cgi-bin are mappings too,
// unless others have taken their prefixes.
std::vector<config::mapping> mappings_of(config::site_options const& chosen);

}  // namespace gatehouse::app
