#pragma once
// The table of options: how each is written, what it does and how it reads in --help. The command
// line, the config file, the help texts and the page docs/options.md are all made from it.

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "gatehouse/config/map_syntax.hpp"
#include "gatehouse/config/option_values.hpp"
#include "gatehouse/config/options.hpp"

namespace gatehouse::config {

// Sets what an option stands for: a value of the server, or one that each site has of its own.
class option_setter {
 public:
  // Of an option that is not for the config file, and left to whoever reads the command line.
  constexpr option_setter() = default;

  // Owner: server_options or site_options. to_clear: drops what a weaker source has put in; may be
  // null.
  template <class Owner>
  explicit constexpr option_setter(complaint (*to_set)(Owner&, std::string_view),
                                   void (*to_clear)(Owner&) = nullptr)
      : of_(functions<Owner>{to_set, to_clear}) {}

  // Sets an option of a site that names a kind of map.
  explicit constexpr option_setter(complaint (*to_set)(site_options&, std::string_view,
                                                       map_syntaxes))
      : of_(to_set) {}

  constexpr bool is_there() const { return !std::holds_alternative<std::monostate>(of_); }
  constexpr bool is_of_site() const {
    return is_there() && !std::holds_alternative<functions<server_options>>(of_);
  }

  // Both are called only on a setter that is there. kinds: the kinds of map that there are.
  complaint set(options& o, std::string_view text, map_syntaxes kinds) const;
  void clear(options& o) const;

 private:
  template <class Owner>
  struct functions {
    complaint (*set)(Owner&, std::string_view);
    void (*clear)(Owner&);
  };
  using with_kinds = complaint (*)(site_options&, std::string_view, map_syntaxes);
  std::variant<std::monostate, functions<server_options>, functions<site_options>, with_kinds> of_;
};

struct option_rule {
  std::string_view group;
  char letter;  // 0: none
  std::string_view name;
  std::string_view argument;  // empty: may stand alone, and then means "on"
  bool repeatable;
  option_setter setter;
  std::string_view by_default;  // what holds where it is not given; empty: nothing to tell
  std::string_view text;        // in plain words; what one would type stands between backticks
  bool everyday = false;        // --help shows it, and not only --help all
};

// In the order of --help all, by groups.
std::span<option_rule const> option_rules();

}  // namespace gatehouse::config
