#include "gatehouse/show/text_page.hpp"

#include <algorithm>
#include <utility>

#include "gatehouse/base/columns.hpp"
#include "gatehouse/base/escape.hpp"

namespace gatehouse::show {
namespace {

constexpr std::string_view bold = "\x1b[1m", dim = "\x1b[2m", cyan = "\x1b[36m", red = "\x1b[31m";

// A wider value stands alone, and the rest of its row below.
constexpr std::size_t widest_column = 44;

std::string in_one_line(std::string_view text) {
  std::string out;
  for (char const c : base::terminal_escaped(text)) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      out += c;
    }
  }
  return out;
}

std::size_t widest(std::vector<table_row> const& rows, std::string table_row::*cell) {
  std::size_t out = 0;
  for (auto const& r : rows) {
    auto const width = base::columns_of(r.*cell);
    if (width <= widest_column) out = std::max(out, width);
  }
  return out;
}

std::string without_blanks_at_end(std::string line) {
  line.resize(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

void text_page::step(std::string_view title) {
  if (step_ > 0) text_ += '\n';
  text_ += painted(bold, std::to_string(++step_) + ". " + std::string(title)) + '\n';
}

void text_page::say(std::string_view text) {
  text_ += "   " + in_one_line(text) + '\n';
}

void text_page::complain(std::string_view text) {
  text_ += "   " + painted(red, in_one_line(text)) + '\n';
}

void text_page::conclude(std::string_view name, std::string_view text, bool well) {
  text_ += '\n' + painted(bold, std::string(name) + ":") + ' ' +
           painted(well ? std::string_view() : red, in_one_line(text)) + '\n';
}

void text_page::table(std::vector<table_row> rows) {
  for (auto& r : rows) {
    for (auto* const cell : {&r.name, &r.value, &r.note, &r.note_after}) *cell = in_one_line(*cell);
  }
  auto const name = widest(rows, &table_row::name);
  auto const value = widest(rows, &table_row::value);
  auto const note = widest(rows, &table_row::note);
  for (auto const& r : rows) {
    std::string line = "   " + padded(cyan, r.name, name) + padded({}, r.value, value);
    bool const full = base::columns_of(r.value) > widest_column && !r.note.empty();
    if (full) {
      line = without_blanks_at_end(std::move(line)) + '\n';
      line.append(3 + name + 2 + value + 2, ' ');
    }
    line += padded(dim, r.note, note) + painted(dim, r.note_after);
    text_ += without_blanks_at_end(std::move(line)) + '\n';
  }
}

void text_page::head(std::string_view bytes) {
  lines(bytes, true);
}

void text_page::content(std::string_view bytes, std::uint64_t size) {
  lines(bytes, false);
  if (size > bytes.size()) {
    say("... the first " + std::to_string(bytes.size()) + " of " + base::bytes_text(size));
  }
}

std::string text_page::painted(std::string_view colour, std::string text) const {
  if (!coloured_ || text.empty() || colour.empty()) return text;
  return std::string(colour) + text + "\x1b[0m";
}

std::string text_page::padded(std::string_view colour, std::string const& cell,
                              std::size_t width) const {
  auto const taken = base::columns_of(cell);
  if (width == 0 && taken == 0) return {};
  return painted(colour, cell) + std::string(taken < width ? width - taken + 2 : 2, ' ');
}

void text_page::lines(std::string_view bytes, bool all_ends) {
  while (!bytes.empty()) {
    auto const feed = bytes.find('\n');
    auto line = bytes.substr(0, feed);
    bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
    bool const pair = feed != std::string_view::npos && line.ends_with('\r');
    if (pair) line.remove_suffix(1);
    std::string const end = feed == std::string_view::npos ? ""
                            : pair                         ? "\\r\\n"
                            : all_ends                     ? "\\n"
                                                           : "";
    auto const shown = base::terminal_escaped(line) + painted(dim, end);
    text_ += shown.empty() ? "\n" : "     " + shown + "\n";
  }
}

}  // namespace gatehouse::show
