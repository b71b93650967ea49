#include "gatehouse/http/fields.hpp"

#include <algorithm>

#include "gatehouse/http/grammar.hpp"

namespace gatehouse::http {

void fields::reserve(std::size_t count, std::size_t bytes) {
  entries_.reserve(count);
  bytes_.reserve(bytes);
}

void fields::add(std::string_view name, std::string_view value) {
  entries_.push_back({static_cast<std::uint32_t>(bytes_.size()),
                      static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(bytes_.size() + name.size()),
                      static_cast<std::uint32_t>(value.size())});
  bytes_.append(name).append(value);
}

void fields::set(std::string_view name, std::string_view value) {
  erase(name);
  add(name, value);
}

std::size_t fields::erase(std::string_view name) {
  return std::erase_if(entries_, [&](entry const& e) {
    return iequals(std::string_view(bytes_).substr(e.name_offset, e.name_size), name);
  });
}

void fields::clear() {
  bytes_.clear();
  entries_.clear();
}

field fields::operator[](std::size_t index) const {
  entry const& e = entries_[index];
  std::string_view const bytes = bytes_;
  return {bytes.substr(e.name_offset, e.name_size), bytes.substr(e.value_offset, e.value_size)};
}

std::optional<std::string_view> fields::find(std::string_view name) const {
  for (field const f : *this) {
    if (iequals(f.name, name)) return f.value;
  }
  return std::nullopt;
}

std::size_t fields::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(), [&](entry const& e) {
        return iequals(std::string_view(bytes_).substr(e.name_offset, e.name_size), name);
      }));
}

std::string fields::combined(std::string_view name) const {
  std::string out;
  bool first = true;
  for (field const f : *this) {
    if (!iequals(f.name, name)) continue;
    if (!first) out += ", ";
    out += f.value;
    first = false;
  }
  return out;
}

void fields::append_lines(std::string& to) const {
  for (field const f : *this) to.append(f.name).append(": ").append(f.value).append("\r\n");
}

}  // namespace gatehouse::http
