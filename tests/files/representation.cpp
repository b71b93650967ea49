#include "gatehouse/files/representation.hpp"

#include <doctest/doctest.h>

using namespace gatehouse;
using namespace gatehouse::files;
using namespace std::chrono_literals;

namespace {

struct stat state_of(off_t size, std::time_t seconds, long nanoseconds, ino_t inode) {
  struct stat state {};
  state.st_size = size;
  state.st_mtim = {seconds, nanoseconds};
  state.st_ino = inode;
  return state;
}

constexpr std::chrono::sys_seconds now{1000s};

}  // namespace

TEST_CASE("size, time, inode and coding tell entity tags apart") {
  auto const tag = [](struct stat const& state, std::string_view coding) {
    return validators_of(state, coding, now).etag;
  };
  auto const first = tag(state_of(16, 100, 5, 255), "");
  CHECK(first == "\"10-174876e805-ff\"");
  CHECK(tag(state_of(17, 100, 5, 255), "") != first);
  CHECK(tag(state_of(16, 101, 5, 255), "") != first);
  CHECK(tag(state_of(16, 100, 6, 255), "") != first);
  CHECK(tag(state_of(16, 100, 5, 254), "") != first);
  CHECK(tag(state_of(16, 100, 5, 255), "br") == "\"10-174876e805-ff-br\"");
}

TEST_CASE("a time that lies ahead is not sent as such") {
  CHECK(validators_of(state_of(1, 900, 0, 1), "", now).last_modified.time_since_epoch() == 900s);
  CHECK(validators_of(state_of(1, 1100, 0, 1), "", now).last_modified == now);
}

TEST_CASE("content fields name type and coding; 304 leaves them out") {
  representation of;
  of.media_type = "text/html";
  of.coding = "gzip";
  of.varies = true;
  of.validators = {"\"tag\"", now};
  auto const fields = content_fields(of);
  CHECK(fields.combined("Content-Type") == "text/html");
  CHECK(fields.combined("Content-Encoding") == "gzip");
  CHECK(fields.combined("Vary") == "Accept-Encoding");
  CHECK(fields.combined("ETag") == "\"tag\"");
  CHECK(fields.combined("Last-Modified") == "Thu, 01 Jan 1970 00:16:40 GMT");
  auto const common = common_fields(of);
  CHECK_FALSE(common.contains("Content-Type"));
  CHECK(common.contains("Vary"));
}
