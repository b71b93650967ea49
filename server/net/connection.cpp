#include "gatehouse/net/connection.hpp"

#include <utility>

namespace gatehouse::net {

connection::connection(tcp_socket socket, std::shared_ptr<service const> shared)
    : connection(std::move(socket), std::move(shared), {}) {
  boost::system::error_code ignored;
  ends_.remote = client_.carrier().socket().remote_endpoint(ignored);
  ends_.local = client_.carrier().socket().local_endpoint(ignored);
}

connection::connection(tcp_socket socket, std::shared_ptr<service const> shared,
                       connection_ends const& ends)
    : client_(std::move(socket), http1_session::buffer_limit(shared->limits),
              shared->limits.least_rate),
      ends_(ends),
      session_(client_, ends_, std::move(shared)) {
  client_.carrier().prepare();
}

}  // namespace gatehouse::net
