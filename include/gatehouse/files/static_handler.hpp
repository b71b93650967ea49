#pragma once
// The handler for files: what lies beneath a directory is served as it is, by GET and HEAD.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/files/document_root.hpp"
#include "gatehouse/files/file_cache.hpp"
#include "gatehouse/files/forms.hpp"
#include "gatehouse/files/long_listings.hpp"
#include "gatehouse/files/media_type.hpp"
#include "gatehouse/http/handler.hpp"

namespace gatehouse::files {

struct static_options {
  std::filesystem::path root;
  std::string prefix;  // of the URL paths that are served, without a slash at its end: "" or "/x"
  std::vector<std::string> index{"index.html"};  // names tried in a directory, in this order
  bool listing = true;                           // show a directory that has none of them
  bool follow_symlinks = false;                  // symbolic links may leave the root
  std::vector<std::filesystem::path> hidden;     // directories never served from (scripts)
  std::vector<std::string> script_extensions;    // ".cgi": such files are never given out, nor
                                               // copies of them ("a.cgi~", "a.cgi.bak", "a.cgi.gz")
};

class static_handler final : public http::handler {
 public:
  // Opens the root. Throws std::system_error as document_root does.
  explicit static_handler(static_options options);

  // Only the listing of a large directory is not given at once (long_listings). Opening a file and
  // reading a small directory block for as long as the file system does. Beside what
  // document_root::open and long_listings::make refuse:
  //   301                           to the trailing slash of a directory, query kept
  //   304, 206                      RFC 9110, 13 and 14
  //   403 dotfile                   a segment of the path begins with a dot (not /.well-known)
  //   403 listing-off               a directory without an index file, where listings are off
  //   403 script-source             a script that no other handler has taken
  //   404 not-below-prefix
  //   405 method-not-allowed        with Allow; 501 method-unknown for a token without meaning here
  //   412 precondition-failed
  //   416 range-not-satisfiable     with Content-Range
  // An index file that is a script is a local redirect to it. A 404 offers clients of this machine
  // the nearest name in the same directory, unless listings are off.
  std::optional<http::outcome> answer_at_once(http::request const& request,
                                              http::exchange_context& context) override;
  base::task<http::outcome> handle(http::request const& request, http::body_source& request_body,
                                   http::exchange_context& context) override;

 private:
  struct asking;
  struct long_listing;

  http::outcome answer(http::request const& request, std::optional<long_listing>& unread);
  http::outcome answer_directory(asking const& what, open_file directory,
                                 std::optional<long_listing>& unread);
  http::outcome answer_file(asking const& what, std::string_view path, open_file file);
  http::outcome answer_listing(asking const& what, open_file directory,
                               std::optional<long_listing>& unread);
  http::outcome answer_cached(asking const& what,
                              std::shared_ptr<cached_file const> const& file) const;
  std::shared_ptr<cached_file const> in_cache(asking const& what, std::vector<open_form>& forms,
                                              std::string_view media_type);
  void offer_nearest(http::http_error& error, http::request const& request,
                     http::exchange_context const& context) const;
  bool is_script(std::string_view path) const;

  static_options options_;
  document_root root_;
  media_type_table const& media_types_;
  file_cache cache_;
  long_listings listings_;
};

}  // namespace gatehouse::files
