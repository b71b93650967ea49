#include "gatehouse/net/connection.hpp"

#include <utility>

namespace gatehouse::net {

connection::connection(tcp_socket socket, std::shared_ptr<service const> shared,
                       http::peer const& who)
    : client_(std::move(socket), http1_session::buffer_limit(shared->limits),
              shared->limits.least_rate),
      peer_(who),
      session_(client_, peer_, std::move(shared)) {
  client_.carrier().prepare();
}

}  // namespace gatehouse::net
