#include "gatehouse/files/representation.hpp"

#include <algorithm>
#include <cstdio>
#include <string>

#include "gatehouse/http/date.hpp"

namespace gatehouse::files {

http::validators validators_of(struct stat const& status, std::string_view coding,
                               std::chrono::sys_seconds now) {
  auto const modified = static_cast<unsigned long long>(status.st_mtim.tv_sec) * 1'000'000'000U +
                        static_cast<unsigned long long>(status.st_mtim.tv_nsec);
  char etag[80];
  std::snprintf(etag, sizeof etag, "\"%llx-%llx-%llx",
                static_cast<unsigned long long>(status.st_size), modified,
                static_cast<unsigned long long>(status.st_ino));
  std::chrono::sys_seconds const second{std::chrono::seconds(status.st_mtim.tv_sec)};
  return {.etag = etag + std::string(coding.empty() ? "" : "-") + std::string(coding) + "\"",
          .last_modified = std::min(second, now)};
}

http::fields common_fields(representation const& of) {
  http::fields fields;
  fields.add("ETag", of.validators.etag);
  fields.add("Last-Modified", http::format_date(of.validators.last_modified));
  if (of.varies) fields.add("Vary", "Accept-Encoding");
  return fields;
}

http::fields content_fields(representation const& of) {
  auto fields = common_fields(of);
  fields.add("Content-Type", of.media_type);
  if (!of.coding.empty()) fields.add("Content-Encoding", of.coding);
  fields.add("Accept-Ranges", "bytes");
  fields.add("X-Content-Type-Options", "nosniff");
  return fields;
}

}  // namespace gatehouse::files
