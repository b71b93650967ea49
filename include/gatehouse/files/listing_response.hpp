#pragma once
// The answer that shows a listing.

#include <memory>

#include "gatehouse/files/listing.hpp"
#include "gatehouse/http/request.hpp"
#include "gatehouse/http/response.hpp"

namespace gatehouse::files {

// A page, or JSON where the request prefers that (listing_page.hpp). list: in the order that the
// request's query asks for. A long one is made while it is sent.
http::response listing_response(http::request const& request, std::shared_ptr<listing const> list);

}  // namespace gatehouse::files
