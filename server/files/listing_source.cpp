#include "gatehouse/files/listing_source.hpp"

#include <algorithm>
#include <cstring>

namespace gatehouse::files {

base::task<base::result<std::size_t>> listing_source::read_some(
    boost::asio::mutable_buffer buffer) {
  auto* const out = static_cast<char*>(buffer.data());
  std::size_t size = 0;
  while (size < buffer.size()) {
    if (given_ == text_.size()) {
      text_.clear();
      given_ = 0;
      if (!pieces_.append_next(text_)) break;
    }
    auto const piece = std::min(buffer.size() - size, text_.size() - given_);
    std::memcpy(out + size, text_.data() + given_, piece);
    size += piece;
    given_ += piece;
  }
  co_return size;
}

}  // namespace gatehouse::files
