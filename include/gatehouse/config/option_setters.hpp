#pragma once
// What the table of options is made of: how a text becomes the value of an option, or why it
// cannot. Most options set one member by one of the readers: set<&site_options::listing,
// read_switch>.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/config/option_rules.hpp"
#include "gatehouse/config/options.hpp"

namespace gatehouse::config {

// Readers of one value. They leave it as it is when they complain.
complaint read_switch(bool& to, std::string_view text);
complaint read_time(std::chrono::milliseconds& to, std::string_view text);
complaint read_time_over_zero(std::chrono::milliseconds& to, std::string_view text);
complaint read_size(std::uint64_t& to, std::string_view text);
complaint read_size_over_zero(std::uint64_t& to, std::string_view text);
complaint read_name(std::string& to, std::string_view text);
complaint read_path(std::filesystem::path& to, std::string_view text);
complaint add_path(std::vector<std::filesystem::path>& to, std::string_view text);
complaint read_count(std::uint64_t& to, std::string_view text, std::uint64_t least,
                     std::uint64_t most);

// What a member pointer is a member of, and its type.
template <class Member>
struct member_parts;
template <class Owner, class Value>
struct member_parts<Value Owner::*> {
  using owner = Owner;
  using value = Value;
};
template <auto Member>
using owner_of = typename member_parts<decltype(Member)>::owner;
template <auto Member>
using value_of_member = typename member_parts<decltype(Member)>::value;

template <auto Member, complaint (*Read)(value_of_member<Member>&, std::string_view)>
complaint set(owner_of<Member>& o, std::string_view text) {
  return Read(o.*Member, text);
}

template <auto Member, std::uint64_t Least, std::uint64_t Most>
complaint set_count(owner_of<Member>& o, std::string_view text) {
  std::uint64_t count = 0;
  auto wrong = read_count(count, text, Least, Most);
  if (!wrong) o.*Member = static_cast<value_of_member<Member>>(count);
  return wrong;
}

template <auto Member>
void clear(owner_of<Member>& o) {
  (o.*Member).clear();
}

// The setter of an option, by what sets it and, where values are collected, what drops them.
template <class... Functions>
constexpr option_setter by(Functions... functions) {
  return option_setter(functions...);
}

// Those that have rules of their own.
complaint set_port(server_options& o, std::string_view text);
complaint set_bind(server_options& o, std::string_view text);
complaint set_cgi_bin(site_options& o, std::string_view text);
complaint set_map(site_options& o, std::string_view text, map_syntaxes kinds);
complaint set_wsgi(site_options& o, std::string_view text, map_syntaxes kinds);
complaint set_index(site_options& o, std::string_view text);
complaint set_cgi_ext(site_options& o, std::string_view text);
complaint set_interpreter(site_options& o, std::string_view text, map_syntaxes kinds);
complaint set_warm(site_options& o, std::string_view text);
complaint set_warm_load(site_options& o, std::string_view text);
complaint set_env(site_options& o, std::string_view text);
complaint set_header_limit(server_options& o, std::string_view text);
complaint set_limit_cpu(server_options& o, std::string_view text);
complaint set_access_log(site_options& o, std::string_view text);
complaint set_log_format(server_options& o, std::string_view text);
complaint set_log_level(server_options& o, std::string_view text);
complaint set_inspect_token(server_options& o, std::string_view text);

}  // namespace gatehouse::config
