#pragma once
// What comes from an application as the output of a program, in CGI's form: records of FastCGI are
// taken apart, and of SCGI and uwsgi a first line of HTTP becomes Status. Pure, but for what it
// reports to the recorder.

#include <boost/asio/buffer.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/fastcgi/records.hpp"
#include "gatehouse/remote/protocol.hpp"
#include "gatehouse/scgi/request.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::remote {

class answer_decoder {
 public:
  // on_errors: gets what the application writes to its standard error, as it comes.
  answer_decoder(protocol how, trace::sink* trace, std::function<void(std::string_view)> on_errors)
      : how_(how), trace_(trace), on_errors_(std::move(on_errors)) {}

  // Decodes bytes in their place, because output is hardly ever longer than what it came in. Gives
  // how many bytes of output are in that place now; what was too long for it is left_over().
  std::size_t decode(char* bytes, std::size_t size);

  // The connection has ended: what there is of output that was kept because more could follow.
  void end_of_connection();

  // Output that did not fit.
  bool has_left_over() const { return !left_over_.empty(); }
  std::size_t take_left_over(boost::asio::mutable_buffer into);

  // Of FastCGI: what came as END_REQUEST, and what that does not allow. After a fault nothing more
  // is decoded.
  std::optional<fastcgi::end_request> const& end() const { return end_; }
  std::optional<fastcgi::fault> const& fault() const { return fault_; }

  // END_REQUEST is whole, and nothing came behind it: another request may follow.
  bool is_clean() const { return records_.ended() && !surplus_; }

  // Nothing has been put out yet.
  bool is_silent() const { return put_out_ == 0; }

  // As after its construction: another connection answers.
  void restart();

 private:
  std::size_t decode_records(char* bytes, std::size_t size);

  protocol how_;
  trace::sink* trace_;
  std::function<void(std::string_view)> on_errors_;
  fastcgi::record_decoder records_;
  scgi::status_line status_line_;
  std::optional<fastcgi::end_request> end_;
  std::optional<fastcgi::fault> fault_;
  bool surplus_ = false;
  std::string left_over_;
  std::uint64_t put_out_ = 0;
};

}  // namespace gatehouse::remote
