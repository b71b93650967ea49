#include "gatehouse/files/media_type.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "gatehouse/http/grammar.hpp"

namespace gatehouse::files {
namespace {

constexpr std::string_view unknown_type = "application/octet-stream";

// In the format of /etc/mime.types. It also has formats that are not in Debian's file.
constexpr std::string_view built_in_types = R"(
application/gzip            gz tgz
application/json            json map
application/pdf             pdf
application/toml            toml
application/wasm            wasm
application/x-brotli        br
application/xhtml+xml       xhtml
application/xml             xml xsl
application/yaml            yaml yml
application/zip             zip
audio/mpeg                  mp3
audio/ogg                   ogg oga opus
font/otf                    otf
font/ttf                    ttf
font/woff                   woff
font/woff2                  woff2
image/avif                  avif
image/gif                   gif
image/jpeg                  jpeg jpg
image/png                   png
image/svg+xml               svg
image/vnd.microsoft.icon    ico
image/webp                  webp
text/css                    css
text/csv                    csv
text/html                   html htm
text/javascript             js mjs
text/markdown               md
text/plain                  txt text log conf ini diff patch rs go
video/mp4                   mp4
video/webm                  webm
)";

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return out;
}

// Removes the next word from the front of a line; it is empty at the end or at a comment.
std::string_view take_word(std::string_view& line) {
  constexpr std::string_view space = " \t\r\v\f";
  line.remove_prefix(std::min(line.find_first_not_of(space), line.size()));
  if (line.starts_with('#')) return {};
  auto const word = line.substr(0, line.find_first_of(space));
  line.remove_prefix(word.size());
  return word;
}

bool is_media_type(std::string_view text) {
  auto const slash = text.find('/');
  return slash != std::string_view::npos && http::is_token(text.substr(0, slash)) &&
         http::is_token(text.substr(slash + 1));
}

bool is_text(std::string_view type) {
  if (type.starts_with("text/")) return true;
  if (type.ends_with("+json") || type.ends_with("+xml")) return true;
  for (std::string_view const textual :
       {"application/javascript", "application/json", "application/toml", "application/xml",
        "application/xml-dtd", "application/yaml", "application/x-sh"}) {
    if (type == textual) return true;
  }
  return false;
}

}  // namespace

media_type_table media_type_table::built_in() {
  media_type_table table;
  table.add(built_in_types);
  return table;
}

void media_type_table::add(std::string_view mime_types) {
  while (!mime_types.empty()) {
    auto line = mime_types.substr(0, mime_types.find('\n'));
    mime_types.remove_prefix(std::min(line.size() + 1, mime_types.size()));
    auto const type = take_word(line);
    if (!is_media_type(type)) continue;
    for (auto ending = take_word(line); !ending.empty(); ending = take_word(line)) {
      set(ending, type);
    }
  }
}

void media_type_table::set(std::string_view ending, std::string_view type) {
  std::string name = lower_case(ending);
  // To be shown as SVG or X3D, these would need Content-Encoding: gzip, and a name alone does not
  // prove that they are compressed.
  bool const gzipped = name == "svgz" || name == "x3dz";
  std::string value = lower_case(gzipped ? "application/gzip" : type);
  if (is_text(value)) value += "; charset=utf-8";
  by_ending_.insert_or_assign(std::move(name), std::move(value));
}

std::string_view media_type_table::for_name(std::string_view file_name) const {
  std::string const name = lower_case(file_name);
  for (auto dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
    auto const found = by_ending_.find(name.substr(dot + 1));
    if (found != by_ending_.end()) return found->second;
  }
  return unknown_type;
}

bool media_type_table::knows(std::string_view ending) const {
  return by_ending_.find(lower_case(ending)) != by_ending_.end();
}

media_type_table const& system_media_types() {
  static media_type_table const table = [] {
    auto made = media_type_table::built_in();
    std::ifstream file("/etc/mime.types");
    made.add(std::string(std::istreambuf_iterator<char>(file), {}));
    return made;
  }();
  return table;
}

}  // namespace gatehouse::files
