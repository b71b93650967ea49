#include "gatehouse/config/option_setters.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <map>

#include "gatehouse/config/option_values.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/http/target.hpp"

namespace gatehouse::config {
namespace {

complaint is_not(std::string_view text, std::string_view what) {
  return in_quotes(text) + " is not " + std::string(what);
}

// Puts an entry into a list that has one entry for each key; a later one takes the earlier's place.
template <class Entry, class Key>
void put(std::vector<Entry>& list, Entry entry, Key Entry::*key) {
  auto const same =
      std::find_if(list.begin(), list.end(), [&](Entry const& e) { return e.*key == entry.*key; });
  if (same != list.end()) {
    *same = std::move(entry);
  } else {
    list.push_back(std::move(entry));
  }
}

complaint set_map_prefix(mapping& m, std::string_view prefix) {
  if (!prefix.starts_with('/'))
    return "the prefix " + in_quotes(prefix) + " does not start with \"/\"";
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!prefix.empty() && http::without_dot_segments(prefix) != prefix) {
    return "the prefix " + in_quotes(prefix) + " has a \".\" or \"..\" segment";
  }
  m.prefix = prefix;
  return std::nullopt;
}

complaint set_map_setting(mapping& m, std::string_view text, map_syntax const& kind) {
  auto const equals = text.find('=');
  if (equals == std::string_view::npos) return is_not(text, "KEY=VALUE");
  auto const name = text.substr(0, equals);
  auto const value = text.substr(equals + 1);
  auto const key = std::find_if(kind.keys.begin(), kind.keys.end(),
                                [&](map_key const& k) { return k.name == name; });
  if (key == kind.keys.end()) return is_not(name, "a key of " + std::string(kind.name));
  bool const given = std::any_of(m.settings.begin(), m.settings.end(),
                                 [&](map_setting const& s) { return s.key == name; });
  if (given) return std::string(name) + " is given twice";
  if (auto wrong = key->check(value)) return std::string(name) + ": " + *wrong;
  m.settings.push_back({std::string(name), std::string(value)});
  return std::nullopt;
}

// TARGET [KEY=VALUE ...]
complaint set_map_words(mapping& m, std::string_view text, map_syntax const& kind) {
  auto const words = split_words(text);
  if (!words) return "a quote is not closed in " + in_quotes(text);
  if (words->empty()) return "there is no path after " + in_quotes(kind.name);
  if (auto wrong = read_path(m.target, words->front())) return wrong;
  for (std::size_t i = 1; i < words->size(); ++i) {
    if (auto wrong = set_map_setting(m, (*words)[i], kind)) return wrong;
  }
  return std::nullopt;
}

// Finds out what the target of a kind is that takes it as it is written.
complaint check_map_target(mapping& m, map_syntax const& kind) {
  auto const& target = m.target.native();
  auto wrong = kind.check_target != nullptr ? kind.check_target(target) : std::nullopt;
  if (wrong || kind.is_program == nullptr) return wrong;
  bool const ours = kind.is_program(target);
  if (ours) m.form = map_target::program;
  if (!ours && !m.settings.empty()) {
    return m.settings.front().key + "= is for a program that the server starts, and " +
           in_quotes(target) + " is the address of one that runs elsewhere";
  }
  return std::nullopt;
}

complaint set_map_target(mapping& m, std::string_view text, map_syntaxes kinds) {
  auto const colon = text.find(':');
  auto const name = text.substr(0, colon);
  map_syntax const* const kind = find_syntax(kinds, name);
  if (kind == nullptr) return is_not(name, "a kind of target (" + names_of(kinds) + ")");
  m.kind = name;
  m.form = kind->target;
  if (colon == std::string_view::npos || colon + 1 == text.size()) {
    return "there is no " +
           std::string(kind->target == map_target::as_written ? "target" : "path") + " after " +
           in_quotes(name);
  }
  auto const rest = text.substr(colon + 1);
  auto wrong = kind->keys.empty() ? read_path(m.target, rest) : set_map_words(m, rest, *kind);
  return wrong ? wrong : check_map_target(m, *kind);
}

// The kind that stands before the colon of KIND:TARGET; null if none that interprets does.
map_syntax const* kind_of_interpreter(interpreter const& entry, map_syntaxes kinds) {
  std::string_view const text = entry.program.native();
  auto const* const kind = find_syntax(kinds, text.substr(0, text.find(':')));
  bool const named = kind != nullptr && kind->interprets && text.size() > kind->name.size();
  return named ? kind : nullptr;
}

complaint set_application(interpreter& entry, map_syntax const& kind) {
  mapping m{{}, {}, entry.program.native().substr(kind.name.size() + 1), kind.target};
  if (kind.keys.empty() && !entry.arguments.empty())
    return "nothing may follow the address of an application: " +
           in_quotes(entry.arguments.front());
  for (auto const& word : entry.arguments) {
    if (auto wrong = set_map_setting(m, word, kind)) return wrong;
  }
  if (auto wrong = check_map_target(m, kind)) return wrong;
  entry = {std::move(entry.extension), m.target, {},
           std::string(kind.name),     m.form,   std::move(m.settings)};
  return std::nullopt;
}

}  // namespace

complaint read_switch(bool& to, std::string_view text) {
  auto const value = parse_switch(text);
  if (!value) return is_not(text, "on or off");
  to = *value;
  return std::nullopt;
}

complaint read_time(std::chrono::milliseconds& to, std::string_view text) {
  auto const value = parse_time(text);
  if (!value) return is_not(text, "a time such as 500ms, 30s, 5m or 2h");
  to = *value;
  return std::nullopt;
}

complaint read_time_over_zero(std::chrono::milliseconds& to, std::string_view text) {
  std::chrono::milliseconds time{};
  if (auto wrong = read_time(time, text)) return wrong;
  if (time.count() == 0) return "must be more than 0";
  to = time;
  return std::nullopt;
}

complaint read_size(std::uint64_t& to, std::string_view text) {
  auto const value = parse_size(text);
  if (!value) return is_not(text, "a size such as 4096, 64k, 10M or 1G");
  to = *value;
  return std::nullopt;
}

complaint read_size_over_zero(std::uint64_t& to, std::string_view text) {
  std::uint64_t size = 0;
  if (auto wrong = read_size(size, text)) return wrong;
  if (size == 0) return "must be more than 0";
  to = size;
  return std::nullopt;
}

complaint read_name(std::string& to, std::string_view text) {
  if (text.empty()) return "the name is empty";
  to = text;
  return std::nullopt;
}

complaint read_path(std::filesystem::path& to, std::string_view text) {
  if (text.empty()) return "the path is empty";
  to = text;
  return std::nullopt;
}

complaint add_path(std::vector<std::filesystem::path>& to, std::string_view text) {
  std::filesystem::path path;
  auto wrong = read_path(path, text);
  if (!wrong) to.push_back(std::move(path));
  return wrong;
}

complaint read_count(std::uint64_t& to, std::string_view text, std::uint64_t least,
                     std::uint64_t most) {
  auto const count = parse_count(text, least, most);
  if (!count)
    return is_not(text, "a number from " + std::to_string(least) + " to " + std::to_string(most));
  to = *count;
  return std::nullopt;
}

complaint set_port(server_options& o, std::string_view text) {
  auto const port = parse_count(text, 0, 65535);
  if (!port) return is_not(text, "a port number (0 to 65535)");
  o.port = static_cast<std::uint16_t>(*port);
  return std::nullopt;
}

namespace {

std::string_view without_brackets(std::string_view text) {
  return text.starts_with('[') && text.ends_with(']') ? text.substr(1, text.size() - 2) : text;
}

bool is_address_or_name(std::string_view text) {
  boost::system::error_code no_address;
  boost::asio::ip::make_address(std::string(without_brackets(text)), no_address);
  return !no_address || is_host_name(text);
}

// "127.0.0.1:8000" and its like.
complaint port_in_address(std::string_view text) {
  auto const colon = std::min(text.rfind(':'), text.size());
  auto const host = text.substr(0, colon);
  auto const port = text.substr(std::min(colon + 1, text.size()));
  if (!parse_count(port, 0, 65535) || !is_address_or_name(host)) return std::nullopt;
  return in_quotes(text) + " has a port, which goes to --port: --bind " + std::string(host) +
         " --port " + std::string(port);
}

// Each interface has link-local addresses (RFC 4291, 2.5.6), so that one alone says too little.
complaint missing_zone(boost::asio::ip::address const& given, std::string_view text) {
  if (!given.is_v6() || !given.to_v6().is_link_local() || given.to_v6().scope_id() != 0)
    return std::nullopt;
  auto const zone = text.find('%');
  if (zone != std::string_view::npos) {
    return in_quotes(text) + " names no interface of this machine: `ip address` shows those that " +
           "there are";
  }
  return in_quotes(text) +
         " is a link-local address and needs its interface: " + std::string(text) +
         "%eth0, or whichever has it (`ip address`)";
}

}  // namespace

complaint set_bind(server_options& o, std::string_view text) {
  auto const bare = without_brackets(text);
  boost::system::error_code no_address;
  auto const given = boost::asio::ip::make_address(std::string(bare), no_address);
  if (!no_address) {
    if (auto wrong = missing_zone(given, bare)) return wrong;
  } else if (!is_host_name(text)) {
    if (auto wrong = port_in_address(text)) return wrong;
    return is_not(text,
                  "an address such as 127.0.0.1, 0.0.0.0 or ::1, or a name such as localhost");
  }
  o.bind = no_address ? std::string(text) : given.to_string();
  return std::nullopt;
}

complaint set_cgi_bin(site_options& o, std::string_view text) {
  o.cgi_bin_off = text == "off";
  o.cgi_bin.clear();
  return o.cgi_bin_off ? std::nullopt : read_path(o.cgi_bin, text);
}

complaint set_map(site_options& o, std::string_view text, map_syntaxes kinds) {
  auto const blank = text.find_first_of(" \t");
  if (blank == std::string_view::npos) {
    return is_not(text, "PREFIX KIND:TARGET, such as '/app cgi:/srv/app'");
  }
  mapping m;
  if (auto wrong = set_map_prefix(m, text.substr(0, blank))) return wrong;
  if (auto wrong = set_map_target(m, http::trim_ows(text.substr(blank)), kinds)) return wrong;
  put(o.mappings, std::move(m), &mapping::prefix);
  return std::nullopt;
}

complaint set_wsgi(site_options& o, std::string_view text, map_syntaxes kinds) {
  if (text.empty()) return "the name of the application is empty";
  return set_map(o, "/ wsgi:" + std::string(text), kinds);
}

complaint set_index(site_options& o, std::string_view text) {
  for (auto const name : split_list(text)) {
    if (name.empty() || name.find('/') != std::string_view::npos || name == "." || name == "..") {
      return is_not(name, "a file name");
    }
    o.index.emplace_back(name);
  }
  return std::nullopt;
}

complaint set_cgi_ext(site_options& o, std::string_view text) {
  for (auto const extension : split_list(text)) {
    if (!is_extension(extension)) return is_not(extension, "an extension such as .cgi");
    o.cgi_extensions.emplace_back(extension);
  }
  return std::nullopt;
}

complaint set_warm(site_options& o, std::string_view text) {
  for (auto const name : split_list(text)) {
    if (name != "python3" && name != "perl") return is_not(name, "python3 or perl");
    o.warm.emplace_back(name);
  }
  return std::nullopt;
}

complaint set_warm_load(site_options& o, std::string_view text) {
  auto const equals = std::min(text.find('='), text.size());
  warm_load out{std::string(text.substr(0, equals)), {}};
  if (out.interpreter != "python3" && out.interpreter != "perl")
    return is_not(text, "NAME=MODULE,..., such as python3=flask");
  for (auto const name : split_list(text.substr(std::min(equals + 1, text.size())))) {
    bool const is_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == ':';
    });
    if (!is_name) return is_not(name, "the name of a module");
    out.modules.emplace_back(name);
  }
  std::erase_if(o.warm_loads, [&](auto const& l) { return l.interpreter == out.interpreter; });
  o.warm_loads.push_back(std::move(out));
  return std::nullopt;
}

complaint set_interpreter(site_options& o, std::string_view text, map_syntaxes kinds) {
  auto const equals = text.find('=');
  if (equals == std::string_view::npos) {
    return is_not(text, ".EXT=PROGRAM, such as .php=/usr/bin/php-cgi");
  }
  auto words = split_words(text.substr(equals + 1));
  if (!words) return "a quote is not closed in " + in_quotes(text);
  if (words->empty()) words->emplace_back();
  interpreter entry{std::string(http::trim_ows(text.substr(0, equals))), std::move(words->front())};
  words->erase(words->begin());
  entry.arguments = std::move(*words);
  if (!is_extension(entry.extension)) return is_not(entry.extension, "an extension such as .php");
  if (auto const* const kind = kind_of_interpreter(entry, kinds)) {
    if (auto wrong = set_application(entry, *kind)) return wrong;
  } else if (!entry.program.is_absolute()) {
    return is_not(entry.program.native(),
                  "an absolute path such as /usr/bin/php-cgi, nor an address such as "
                  "fastcgi:unix:/run/php/php-fpm.sock");
  }
  put(o.interpreters, std::move(entry), &interpreter::extension);
  return std::nullopt;
}

complaint set_env(site_options& o, std::string_view text) {
  auto const equals = text.find('=');
  environment_entry entry{std::string(text.substr(0, equals)), std::nullopt};
  if (equals != std::string_view::npos) entry.value = text.substr(equals + 1);
  if (!is_environment_name(entry.name)) {
    return is_not(entry.name, "the name of an environment variable");
  }
  put(o.environment, std::move(entry), &environment_entry::name);
  return std::nullopt;
}

complaint set_header_limit(server_options& o, std::string_view text) {
  if (auto wrong = read_size(o.header_limit_bytes, text)) return wrong;
  if (o.header_limit_bytes < 1024 || o.header_limit_bytes > 16 * 1024 * 1024) {
    return "must be from 1k to 16M";
  }
  return std::nullopt;
}

complaint set_access_log(site_options& o, std::string_view text) {
  if (text.empty()) return "the path is empty";
  o.access_log = text;
  return std::nullopt;
}

complaint set_log_format(server_options& o, std::string_view text) {
  if (text != "combined" && text != "json") return is_not(text, "combined or json");
  o.log_format = text == "json" ? log_format::json : log_format::combined;
  return std::nullopt;
}

complaint set_log_level(server_options& o, std::string_view text) {
  using base::log::level;
  static std::map<std::string_view, level> const levels = {
      {"trace", level::trace}, {"debug", level::debug}, {"info", level::info},
      {"warn", level::warn},   {"error", level::error}, {"off", level::off}};
  auto const found = levels.find(text);
  if (found == levels.end()) return is_not(text, "one of trace, debug, info, warn, error, off");
  o.log_level = found->second;
  return std::nullopt;
}

// A token is a secret of a URL and a cookie.
complaint set_inspect_token(server_options& o, std::string_view text) {
  bool const fits = text.size() >= 16 && std::all_of(text.begin(), text.end(), [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                             (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
                    });
  if (!fits) return "must be at least 16 letters, digits, - or _";
  o.inspect = true;
  o.inspect_token = text;
  return std::nullopt;
}

// The system counts processor time in seconds.
complaint set_limit_cpu(server_options& o, std::string_view text) {
  if (auto wrong = read_time(o.limit_cpu, text)) return wrong;
  if (o.limit_cpu.count() == 0 || o.limit_cpu % std::chrono::seconds(1) != std::chrono::seconds(0))
    return "must be whole seconds, at least 1s";
  return std::nullopt;
}

}  // namespace gatehouse::config
