#pragma once
// SCGI and uwsgi on the wire: the variables of a request in one packet, behind which the body
// follows as it is. The answer of both ends with the connection. Pure.

#include <optional>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

namespace gatehouse::scgi {

// Why variables cannot be written.
enum class refusal {
  nul_byte,   // SCGI ends names and values with one
  too_large,  // more than a uwsgi packet holds
};

// An SCGI request up to its body: a netstring of CONTENT_LENGTH, SCGI and then the others.
class scgi_packet {
 public:
  // content_length: of the body, "0" without one.
  explicit scgi_packet(std::string_view content_length);

  // CONTENT_LENGTH and SCGI are left out, because they are there already.
  void add(std::string_view name, std::string_view value);

  boost::system::result<std::string, refusal> finish() const;

 private:
  void append(std::string_view name, std::string_view value);

  std::string variables_;
  bool sound_ = true;
};

// A uwsgi request up to its body: modifiers 0 and 0, and at most 65,535 bytes of variables.
class uwsgi_packet {
 public:
  void add(std::string_view name, std::string_view value);
  boost::system::result<std::string, refusal> finish() const;

 private:
  std::string packet_ = std::string(4, '\0');
};

// A first line `HTTP/1.x CODE REASON` of an answer counts as Status. Takes the bytes of an answer
// as they come.
class status_line {
 public:
  // Gives how the answer goes on in CGI's form. Up to 9 bytes are kept until it is clear what they
  // are. The view lasts until the next call, and as long as the bytes.
  std::string_view push(std::string_view bytes);

  // No more will come: gives what was kept.
  std::string_view end();

  // It is known what the first line is. What comes from now on is handed on as it is.
  bool decided() const { return decided_; }

 private:
  std::string kept_;
  std::string out_;
  bool decided_ = false;
};

}  // namespace gatehouse::scgi
