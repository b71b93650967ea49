#pragma once
// A listing as the body of a response, made while it is sent: what waits for a slow reader is the
// listing, which many readers share, and not its text.

#include <memory>
#include <string>

#include "gatehouse/files/listing_page.hpp"
#include "gatehouse/http/body_source.hpp"

namespace gatehouse::files {

class listing_source final : public http::body_source {
 public:
  // The listing is shared with other readers and with who keeps it.
  listing_source(std::shared_ptr<listing const> list, listing_view view)
      : list_(std::move(list)), pieces_(*list_, std::move(view)) {}

  // Does not suspend.
  base::task<base::result<std::size_t>> read_some(boost::asio::mutable_buffer buffer) override;

 private:
  std::shared_ptr<listing const> list_;
  listing_text pieces_;
  std::string text_;  // made and not yet given
  std::size_t given_ = 0;
};

}  // namespace gatehouse::files
