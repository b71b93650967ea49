#pragma once
// Beast's request parser with callbacks that do nothing, as a base for parsers that override a few
// of them.

#include <boost/beast/http/basic_parser.hpp>

namespace gatehouse::http {

class silent_parser : public boost::beast::http::basic_parser<true> {
 protected:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;
  using verb = boost::beast::http::verb;
  using known_field = boost::beast::http::field;
  using length = boost::optional<std::uint64_t>;

  void on_request_impl(verb, string_view, string_view, int, error_code& ec) override { ec = {}; }
  void on_response_impl(int, string_view, int, error_code& ec) override { ec = {}; }
  void on_field_impl(known_field, string_view, string_view, error_code& ec) override { ec = {}; }
  void on_header_impl(error_code& ec) override { ec = {}; }
  void on_body_init_impl(length const&, error_code& ec) override { ec = {}; }
  std::size_t on_body_impl(string_view, error_code& ec) override {
    ec = {};
    return 0;
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code& ec) override { ec = {}; }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code& ec) override {
    ec = {};
    return 0;
  }
  void on_finish_impl(error_code& ec) override { ec = {}; }
};

}  // namespace gatehouse::http
