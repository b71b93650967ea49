#include "gatehouse/gateway/failures.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>

#include "../temporary_directory.hpp"

using namespace gatehouse;
using namespace gatehouse::gateway;
using namespace std::chrono_literals;

namespace {

base::error_code system_error(int number) {
  return {number, boost::system::system_category()};
}

script_target a_script(char const* file) {
  return {.script_name = "/x", .path_info = {}, .file = file, .interpreter = {}};
}

std::string shown(http::http_error const& e) {
  auto const again = e.fields.combined("Retry-After");
  return std::to_string(e.status) + " " + std::string(e.reason) +
         (again.empty() ? "" : " again in " + again) + (e.close ? " close" : "");
}

}  // namespace

TEST_CASE("each way to fail has its answer") {
  using base::errc;
  using refusal = queue_refusal;
  auto const gone = a_script("/nonexistent/x");
  auto const not_started = [&](base::error_code const& why) {
    return start_failure(why, gone, "/bin", false);
  };
  struct row {
    http::http_error error;
    char const* expected;
  };
  row const rows[] = {
      {body_failure(errc::client_gone), "499 client-gone close"},
      {body_failure(errc::body_too_large), "413 body-too-large close"},
      {body_failure(errc::malformed_body), "400 bad-chunk close"},
      {body_failure(errc::framing_too_large), "413 chunk-framing-too-large close"},
      {body_failure(errc::timed_out), "408 body-timeout close"},
      {body_failure(errc::too_slow), "408 body-too-slow close"},
      {body_failure(errc::spools_full), "503 spool-limit again in 1"},
      {body_failure(system_error(ENOSPC)), "503 spool-failed again in 1"},
      {body_failure(system_error(EIO)), "500 spool-failed"},
      {no_place(refusal::queue_full, 10s), "503 script-queue-full again in 10"},
      {no_place(refusal::timed_out, 10s), "503 script-queue-timeout again in 10"},
      {no_place(refusal::given_up, 10s), "499 client-gone close"},
      {programs_not_run(), "503 programs-not-run"},
      {not_started(errc::client_gone), "499 client-gone close"},
      {not_started(system_error(EAGAIN)), "503 out-of-resources again in 1"},
      {not_started(system_error(EMFILE)), "503 out-of-resources again in 1"},
      {not_started(system_error(E2BIG)), "431 environment-too-large"},
      {not_started(system_error(ENOENT)), "500 script-start-failed"},
      {script_timeout(1s, true), "504 script-timeout"},
      {script_timeout(1s, false), "504 script-deadline"},
      {pipe_failure(errc::client_gone), "499 client-gone close"},
      {pipe_failure(system_error(ENOMEM)), "503 out-of-resources again in 1"},
      {pipe_failure(system_error(EIO)), "500 script-pipe-failed"},
      {script_failed("exited with status 1"), "502 script-failed"},
      {bad_chunks(), "502 script-bad-chunks"},
  };
  for (row const& r : rows) {
    CAPTURE(r.expected);
    CHECK(shown(r.error) == r.expected);
  }
}

TEST_CASE("a failure says in its detail what happened") {
  CHECK(script_timeout(1500ms, true).detail == "no output for 1500 ms");
  CHECK(script_timeout(2s, false).detail == "still running after 2 s");
  CHECK(no_place(queue_refusal::timed_out, 3s).detail == "no place within 3 s");
  CHECK(body_failure(system_error(EIO)).detail ==
        "the request body cannot be kept: Input/output error");
}

TEST_CASE("a script that was stopped is told what was waited for and which option changes it") {
  CHECK(script_timeout(2s, true).help.explanation.find("2 s for output") != std::string::npos);
  CHECK(script_timeout(2s, true).help.explanation.find("--script-timeout") != std::string::npos);
  CHECK(script_timeout(2s, false).help.explanation.find("to end") != std::string::npos);
  CHECK(script_timeout(2s, false).help.explanation.find("--script-deadline") != std::string::npos);
}

TEST_CASE("what cannot be started in a sandbox is told what a sandbox lets it run") {
  auto const where = a_script("/bin/true");
  auto const told = [&](bool sandboxed) {
    return start_failure(system_error(EACCES), where, "/bin", sandboxed).help.explanation;
  };
  CHECK(told(true).find("--sandbox-read") != std::string::npos);
  CHECK(told(false).find("--sandbox-read") == std::string::npos);
}

TEST_CASE("a line break in PATH_INFO is refused") {
  auto target = a_script("/x");
  CHECK_FALSE(check_path_info(target));
  target.path_info = "/a/b";
  CHECK_FALSE(check_path_info(target));
  for (char const* const path : {"/a\nb", "/a\rb", "/\r\n"}) {
    target.path_info = path;
    REQUIRE(check_path_info(target));
    CHECK(shown(*check_path_info(target)) == "400 path-info-line-break");
  }
}

TEST_CASE("a script that --interpreter runs is never told to be made executable") {
  tests::temporary_directory const at;
  at.file("a.x", "any text\n");
  auto target = a_script((at / "a.x").c_str());
  CHECK(start_failure(system_error(EACCES), target, "/bin", true).help.command.find("chmod") == 0);
  target.interpreter = "/opt/x";
  auto const error = start_failure(system_error(EACCES), target, "/bin", true);
  CHECK(error.detail == "/opt/x: Permission denied");
  CHECK(error.help.command.empty());
  CHECK(error.help.explanation.find("--interpreter /opt/x") != std::string::npos);
  CHECK(error.help.explanation.find("--sandbox-read") != std::string::npos);
}
