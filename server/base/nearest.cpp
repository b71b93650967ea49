#include "gatehouse/base/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace gatehouse::base {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// The number of insertions, deletions and replacements between a and b (Levenshtein; the case of
// ASCII letters does not count), or `limit` if
// it is that or more: no number of a row gets smaller in the next one, so that most pairs are done
// with after a few letters.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t const replaced = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0U : 1U);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
    if (*std::min_element(row.begin(), row.end()) >= limit) return limit;
  }
  return row.back();
}

// The distance is at least the difference of the lengths.
bool can_be_nearer(std::string_view a, std::string_view b, std::size_t than) {
  return std::max(a.size(), b.size()) - std::min(a.size(), b.size()) < than;
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view text,
                                        std::vector<std::string_view> const& candidates) {
  std::optional<std::string_view> best;
  std::size_t best_distance = text.size() < 5 ? 3 : 4;  // not included
  for (auto const candidate : candidates) {
    std::size_t distance = best_distance;
    if (text.size() >= 3 && candidate.starts_with(text)) {
      distance = 1;
    } else if (can_be_nearer(text, candidate, best_distance)) {
      distance = edit_distance(text, candidate, best_distance);
    }
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace gatehouse::base
