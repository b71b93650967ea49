#include "gatehouse/cgi/script_arguments.hpp"

#include <algorithm>

#include "gatehouse/http/percent.hpp"

namespace gatehouse::cgi {

std::vector<std::string> script_arguments(std::string_view method, std::string_view query,
                                          bool reads_options) {
  if (method != "GET" && method != "HEAD") return {};
  if (query.empty() || query.find('=') != std::string_view::npos) return {};
  std::vector<std::string> words;
  for (std::size_t at = 0; at <= query.size();) {
    auto const end = std::min(query.find('+', at), query.size());
    auto word = http::percent_decoded(query.substr(at, end - at));
    if (!word || word->find_first_of(std::string_view("\0\r\n", 3)) != std::string::npos) return {};
    if (reads_options && word->starts_with('-')) return {};
    words.push_back(std::move(*word));
    at = end + 1;
  }
  return words;
}

}  // namespace gatehouse::cgi
