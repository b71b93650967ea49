#pragma once
// Which media type a file is served as, by its name (RFC 9110, 8.3).

#include <string>
#include <string_view>
#include <unordered_map>

namespace gatehouse::files {

// Names' endings and their media types. A value; pure.
class media_type_table {
 public:
  // The few types that every site needs.
  static media_type_table built_in();

  // Takes over the lines of a text in the format of /etc/mime.types: a media type, then the endings
  // that stand for it, separated by spaces or tabs; "#" begins a comment. Lines that are not of
  // that form are passed over. What comes later wins, over built-in types as well.
  void add(std::string_view mime_types);

  // The Content-Type value for a file name (without directories), ready to be sent. The longest
  // known ending wins, in any case ("a.spdx.json" before "json"). What is text carries
  // "; charset=utf-8". "application/octet-stream" for all that is not known. A compressed file is
  // of the type of its compression: "a.tar.gz" is application/gzip, and no coding is claimed.
  // The view holds as long as the table is not changed.
  std::string_view for_name(std::string_view file_name) const;

  // Whether an ending (without its first dot, in any case) stands for a media type.
  bool knows(std::string_view ending) const;

 private:
  void set(std::string_view ending, std::string_view type);

  std::unordered_map<std::string, std::string> by_ending_;  // lower case, without the first dot
};

// The built-in table and /etc/mime.types, if there is one, read at the first call.
media_type_table const& system_media_types();

}  // namespace gatehouse::files
