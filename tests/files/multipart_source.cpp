#include "gatehouse/files/multipart_source.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>

#include "../temporary_directory.hpp"

using namespace gatehouse;
using gatehouse::files::multipart_source;
using gatehouse::tests::temporary_directory;

namespace {

struct read_all_result {
  std::string bytes;
  base::error_code error;
};

base::task<void> read_all(multipart_source& source, std::size_t piece, read_all_result& out) {
  std::string buffer(piece, '\0');
  while (true) {
    auto const read = co_await source.read_some(boost::asio::buffer(buffer));
    if (read.has_error()) {
      out.error = read.error();
      co_return;
    }
    if (*read == 0) co_return;
    out.bytes.append(buffer, 0, *read);
  }
}

read_all_result contents(multipart_source& source, std::size_t piece) {
  boost::asio::io_context context;
  read_all_result out;
  boost::asio::co_spawn(context.get_executor(), read_all(source, piece, out),
                        [](std::exception_ptr e) {
                          if (e) std::rethrow_exception(e);
                        });
  context.run();
  return out;
}

multipart_source sample(temporary_directory const& dir) {
  dir.file("a", "0123456789");
  base::unique_fd file(::open((dir / "a").c_str(), O_RDONLY | O_CLOEXEC));
  return {std::move(file), 10, {{0, 1}, {8, 9}}, "text/plain", "XX"};
}

constexpr std::string_view expected =
    "--XX\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
    "\r\n--XX\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\n89"
    "\r\n--XX--\r\n";

}  // namespace

TEST_CASE("ranges become the parts of one body of known length") {
  for (std::size_t const piece : {1U, 2U, 7U, 4096U}) {
    CAPTURE(piece);
    temporary_directory dir;
    auto source = sample(dir);
    CHECK(source.length() == expected.size());
    CHECK(source.available() == expected.size());
    auto const read = contents(source, piece);
    CHECK(read.bytes == expected);
    CHECK_FALSE(read.error);
    CHECK(source.available() == 0);
  }
}

TEST_CASE("a file that became shorter ends the body with an error") {
  temporary_directory dir;
  auto source = sample(dir);
  std::filesystem::resize_file(dir / "a", 9);
  auto const read = contents(source, 4096);
  CHECK(read.error == base::errc::truncated);
  CHECK(read.bytes.size() < expected.size());
}

TEST_CASE("boundaries differ") {
  CHECK(files::random_boundary().size() == 32);
  CHECK(files::random_boundary() != files::random_boundary());
}
