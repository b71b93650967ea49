#pragma once
// A text for people in numbered steps, with tables and with bytes as lines below each. All text
// that it is given is escaped here, so that nothing in it moves a terminal. Pure.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::show {

// One row of a table; an empty cell is left out.
struct table_row {
  std::string name;
  std::string value;
  std::string note = {};
  std::string note_after = {};
};

class text_page {
 public:
  explicit text_page(bool coloured) : coloured_(coloured) {}

  // Begins the next step; what follows stands below it.
  void step(std::string_view title);

  // One line each; the second is red where there are colours.
  void say(std::string_view text);
  void complain(std::string_view text);

  // One line that is no part of any step: the last one.
  void conclude(std::string_view name, std::string_view text, bool well);

  // The columns are aligned, but for a value that is too wide: it stands alone, and the rest of its
  // row below.
  void table(std::vector<table_row> rows);

  // Bytes as lines. Of a head every line end is shown, of content only CR LF. size: of all of the
  // content; its first bytes may be all that is there.
  void head(std::string_view bytes);
  void content(std::string_view bytes, std::uint64_t size);

  std::string finished() && { return std::move(text_); }

 private:
  std::string painted(std::string_view colour, std::string text) const;
  std::string padded(std::string_view colour, std::string const& cell, std::size_t width) const;
  void lines(std::string_view bytes, bool all_ends);

  bool coloured_;
  int step_ = 0;
  std::string text_;
};

}  // namespace gatehouse::show
