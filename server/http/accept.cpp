#include "gatehouse/http/accept.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "gatehouse/http/grammar.hpp"

namespace gatehouse::http {
namespace {

// One element of an Accept field: what it names and how much it is wanted, in thousandths.
struct preference {
  std::string_view name;
  int weight = 1000;
};

// qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ) (RFC 9110, 12.4.2)
std::optional<int> parse_qvalue(std::string_view text) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  if (text[0] != '0' && text[0] != '1') return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int value = (text[0] - '0') * 1000;
  int place = 100;
  for (std::size_t i = 2; i < text.size(); ++i, place /= 10) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value += (text[i] - '0') * place;
  }
  return value <= 1000 ? std::optional(value) : std::nullopt;
}

// Where the parameter at the front of text ends: at a semicolon outside quotes, or at the end.
std::size_t parameter_end(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && text[i] == ';') {
      return i;
    }
  }
  return text.size();
}

// name *( OWS ";" OWS parameter ), where the parameter q is the weight.
std::optional<preference> parse_preference(std::string_view element) {
  auto end = parameter_end(element);
  preference p{.name = trim_ows(element.substr(0, end))};
  while (end < element.size()) {
    element.remove_prefix(end + 1);
    end = parameter_end(element);
    auto const parameter = trim_ows(element.substr(0, end));
    if (parameter.size() < 2 || !iequals(parameter.substr(0, 2), "q=")) continue;
    auto const weight = parse_qvalue(parameter.substr(2));
    if (!weight) return std::nullopt;
    p.weight = *weight;
  }
  return p;
}

std::vector<preference> parse_preferences(std::string_view value) {
  std::vector<preference> preferences;
  for (auto const element : list_elements(value)) {
    if (auto const p = parse_preference(element)) preferences.push_back(*p);
  }
  return preferences;
}

std::optional<int> weight_of(std::vector<preference> const& preferences, std::string_view name) {
  auto const found = std::find_if(preferences.begin(), preferences.end(),
                                  [&](preference const& p) { return iequals(p.name, name); });
  return found == preferences.end() ? std::nullopt : std::optional(found->weight);
}

std::optional<int> coding_weight(std::vector<preference> const& preferences,
                                 std::string_view coding) {
  auto weight = weight_of(preferences, coding);
  if (!weight && coding == "gzip") weight = weight_of(preferences, "x-gzip");
  return weight ? weight : weight_of(preferences, "*");
}

int media_weight(std::vector<preference> const& preferences, std::string_view type,
                 std::string_view all_of_kind) {
  for (auto const range : {type, all_of_kind, std::string_view("*/*")}) {
    if (auto const weight = weight_of(preferences, range)) return *weight;
  }
  return 0;
}

}  // namespace

std::optional<std::string_view> preferred_coding(fields const& request_fields,
                                                 std::span<std::string_view const> available) {
  std::string const value = request_fields.combined("Accept-Encoding");
  auto const preferences = parse_preferences(value);
  std::optional<std::string_view> best;
  int best_weight = 0;
  for (auto const coding : available) {
    int const weight = coding_weight(preferences, coding).value_or(0);
    if (weight > best_weight) {
      best = coding;
      best_weight = weight;
    }
  }
  // The bare representation is preferred to an accepted coding only if the client says so.
  int const bare = weight_of(preferences, "identity").value_or(0);
  return bare > best_weight ? std::nullopt : best;
}

bool prefers_json(fields const& request_fields) {
  std::string const value = request_fields.combined("Accept");
  auto const preferences = parse_preferences(value);
  return media_weight(preferences, "application/json", "application/*") >
         media_weight(preferences, "text/html", "text/*");
}

}  // namespace gatehouse::http
