#include "gatehouse/http/response.hpp"

namespace gatehouse::http {

std::optional<std::uint64_t> body_length(body const& b) {
  struct visitor {
    std::optional<std::uint64_t> operator()(std::monostate) const { return 0; }
    std::optional<std::uint64_t> operator()(shared_buffer const& bytes) const {
      return bytes->size();
    }
    std::optional<std::uint64_t> operator()(file_slice const& slice) const { return slice.length; }
    std::optional<std::uint64_t> operator()(stream const& s) const { return s.length; }
  };
  return std::visit(visitor{}, b);
}

}  // namespace gatehouse::http
