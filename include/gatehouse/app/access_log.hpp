#pragma once
// The access log: one line for each exchange, written when its response has ended. Text from
// clients is escaped, so no line break and no terminal escape gets into the log.

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/log_output.hpp"
#include "gatehouse/config/log_format.hpp"
#include "gatehouse/http/exchange.hpp"
#include "gatehouse/http/request.hpp"

namespace gatehouse::app {

class access_log {
 public:
  // destination is as on the command line: a path (appended to, made with mode 0640), "-" for
  // standard error, "off" for none. The error is that of open(2).
  static base::result<access_log> open(std::string_view destination, config::log_format format);

  // Whether the destination is the path of a file.
  static bool is_file(std::string_view destination) {
    return destination != "-" && destination != "off";
  }

  access_log() = default;  // off
  access_log(access_log&& other) noexcept = default;
  access_log& operator=(access_log&& other) noexcept = default;
  ~access_log();

  // Whether lines are written at all.
  bool is_on() const { return style_ != style::off; }

  // Writes the line of one exchange. request is null if no head was parsed. Never throws; a line
  // that cannot be written is lost and counted, and the diagnostics log says so (access-log-lost,
  // access-log-again). May be called from any thread.
  void write(http::request const* request, http::exchange_context const& context) noexcept;

  // Lines that could not be written.
  std::uint64_t lost() const { return output_.lost(); }

 private:
  enum class style { off, combined, json, terminal, coloured_terminal };
  style style_ = style::off;
  std::string destination_;
  base::log_output output_;
};

// The lines, without the line feed. Pure but for the local time zone. Text is escaped as by
// base::log_escaped, between double quotes as by base::log_field_escaped; in JSON by JSON's own
// escapes, so that a reader gets what was sent, with bytes that are not UTF-8 as U+FFFD.

// Apache's combined format: remote - - [time] "request line" status bytes "referer" "user agent".
std::string combined_line(http::request const* request, http::exchange_record const& record,
                          http::peer const& client);

// One JSON object: time (RFC 3339, UTC, milliseconds), remote, method, target, protocol, status,
// bytes, referer, user_agent, host, reason, script {pid, exit | signal}, first_byte_ms, total_ms,
// complete. What did not happen or was not sent is left out.
std::string json_line(http::request const* request, http::exchange_record const& record,
                      http::peer const& client);

// For people: time, method, target, status, size, duration, and the script's pid and end.
std::string terminal_line(http::request const* request, http::exchange_record const& record,
                          http::peer const& client, bool coloured);

}  // namespace gatehouse::app
