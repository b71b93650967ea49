#include "gatehouse/files/listing_response.hpp"

#include <utility>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/files/listing_page.hpp"
#include "gatehouse/files/listing_source.hpp"
#include "gatehouse/http/accept.hpp"

namespace gatehouse::files {
namespace {

// A short listing is made at once and has a length; a long one is made while it is sent.
http::body listing_body(std::shared_ptr<listing const> list, listing_view view) {
  if (list->entries.size() <= base::limits::quick_listing_entries) {
    auto text = whole_text(*list, view);
    if (text.size() <= base::limits::stream_buffer_bytes) return http::make_buffer(std::move(text));
  }
  return http::stream{std::make_unique<listing_source>(std::move(list), std::move(view)),
                      std::nullopt};
}

}  // namespace

http::response listing_response(http::request const& request, std::shared_ptr<listing const> list) {
  auto const& target = request.target;
  listing_view view{target.path, parse_sorting(target.query), parse_page(target.query),
                    http::prefers_json(request.fields)};
  http::response r;
  r.fields.add("Vary", "Accept");
  r.fields.add("Cache-Control", "no-cache");
  r.fields.add("X-Content-Type-Options", "nosniff");
  if (view.as_json) {
    r.fields.add("Content-Type", "application/json; charset=utf-8");
  } else {
    r.fields.add("Content-Type", "text/html; charset=utf-8");
    r.fields.add("Content-Security-Policy", listing_page_policy);
  }
  r.body = listing_body(std::move(list), std::move(view));
  return r;
}

}  // namespace gatehouse::files
