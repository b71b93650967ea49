#include "gatehouse/http/accept.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace gatehouse::http;

namespace {

constexpr std::array<std::string_view, 2> br_and_gzip = {"br", "gzip"};
constexpr std::array<std::string_view, 1> gzip_only = {"gzip"};

}  // namespace

TEST_CASE("the coding with the highest weight is taken") {
  struct row {
    std::string_view label;
    char const* value;  // nullptr: no field
    std::span<std::string_view const> available;
    char const* expected;  // "": none
  };
  row const rows[] = {
      {"no field", nullptr, br_and_gzip, ""},
      {"an empty field", "", br_and_gzip, ""},
      {"what browsers send", "gzip, deflate, br, zstd", br_and_gzip, "br"},
      {"only one at hand", "gzip, deflate, br", gzip_only, "gzip"},
      {"only gzip accepted", "gzip", br_and_gzip, "gzip"},
      {"any case", "GZip", br_and_gzip, "gzip"},
      {"the old name", "x-gzip", br_and_gzip, "gzip"},
      {"by weight", "br;q=0.5, gzip;q=0.8", br_and_gzip, "gzip"},
      {"a low weight still accepts", "gzip;q=0.001", br_and_gzip, "gzip"},
      {"refused", "gzip;q=0", br_and_gzip, ""},
      {"refused, with zeros", "gzip;q=0.000", br_and_gzip, ""},
      {"anything", "*", br_and_gzip, "br"},
      {"anything else", "br;q=0.1, *;q=0.5", br_and_gzip, "gzip"},
      {"anything but", "*, br;q=0", br_and_gzip, "gzip"},
      {"nothing else", "identity, *;q=0", br_and_gzip, ""},
      {"the bare one rather", "identity;q=1, gzip;q=0.5", br_and_gzip, ""},
      {"the bare one less", "identity;q=0.5, gzip;q=0.6", br_and_gzip, "gzip"},
      {"a tie with the bare one", "identity, gzip", br_and_gzip, "gzip"},
      {"the bare one refused", "identity;q=0, gzip;q=0.1", br_and_gzip, "gzip"},
      {"all refused", "identity;q=0", br_and_gzip, ""},
      {"space around the weight", "gzip ; q=0.5 , br ;Q=0.4", br_and_gzip, "gzip"},
      {"a weight over 1", "gzip;q=1.5, br;q=0.1", br_and_gzip, "br"},
      {"a weight of four digits", "gzip;q=0.5000, br;q=0.1", br_and_gzip, "br"},
      {"a weight that is no number", "gzip;q=x", br_and_gzip, ""},
      {"an unknown one", "zstd", br_and_gzip, ""},
      {"nothing at hand", "gzip", {}, ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    fields f;
    if (r.value != nullptr) f.add("accept-encoding", r.value);
    CHECK(preferred_coding(f, r.available).value_or("") == r.expected);
  }
}

TEST_CASE("JSON is for those who ask for it") {
  struct row {
    std::string_view label;
    char const* value;  // nullptr: no field
    bool expected;
  };
  row const rows[] = {
      {"no field", nullptr, false},
      {"anything", "*/*", false},
      {"JSON", "application/json", true},
      {"JSON, else anything", "application/json, */*;q=0.1", true},
      {"any application type", "application/*", true},
      {"a browser", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false},
      {"a tie", "application/json, text/html", false},
      {"HTML rather", "application/json;q=0.8, text/html", false},
      {"JSON rather", "application/json, text/html;q=0.9", true},
      {"JSON refused", "application/json;q=0, */*", false},
      {"parameters, and a comma in quotes", "application/json;v=\"1,2;3\";q=0.7, text/*;q=0.5",
       true},
      {"any case", "Application/JSON", true},
      {"neither", "image/png", false},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    fields f;
    if (r.value != nullptr) f.add("Accept", r.value);
    CHECK(prefers_json(f) == r.expected);
  }
}
