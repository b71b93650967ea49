#pragma once
// An ordered list of header fields (RFC 9110, 5). Names keep the case they were sent in and compare
// without it. All bytes live in one buffer of the list, so that adding a field allocates nothing
// once the buffer has grown; the views that are handed out hold until the list is next changed.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::http {

struct field {
  std::string_view name;
  std::string_view value;
};

class fields {
 public:
  // Room for that many fields with so many bytes of names and values in all.
  void reserve(std::size_t count, std::size_t bytes);

  void add(std::string_view name, std::string_view value);

  // Removes every field of that name, then adds one.
  void set(std::string_view name, std::string_view value);

  // Removes every field of that name; gives how many there were.
  std::size_t erase(std::string_view name);

  void clear();

  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  field operator[](std::size_t index) const;

  // The value of the first field of that name.
  std::optional<std::string_view> find(std::string_view name) const;

  std::size_t count(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name).has_value(); }

  // The values of all fields of that name joined with ", " (RFC 9110, 5.3); empty without any.
  std::string combined(std::string_view name) const;

  // Each field as a line of a head, with its CRLF (RFC 9112, 5), behind what is there.
  void append_lines(std::string& to) const;

  class iterator {
   public:
    iterator(fields const& list, std::size_t index) : list_(&list), index_(index) {}
    field operator*() const { return (*list_)[index_]; }
    iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator==(iterator const& other) const { return index_ == other.index_; }

   private:
    fields const* list_;
    std::size_t index_;
  };
  iterator begin() const { return {*this, 0}; }
  iterator end() const { return {*this, size()}; }

 private:
  struct entry {
    std::uint32_t name_offset, name_size, value_offset, value_size;
  };
  std::string bytes_;
  std::vector<entry> entries_;
};

}  // namespace gatehouse::http
