#pragma once
// What goes over the socket between the server and a worker: frames, each a letter, a length in
// four bytes (the most significant first) and so many bytes. server/wsgi/worker.py says which there
// are. Pure: bytes in, frames out.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/error.hpp"
#include "gatehouse/gateway/meta_variables.hpp"

namespace gatehouse::wsgi {

inline constexpr std::size_t frame_head_bytes = 5;

// A request: its variables, and the first of its body. A name or value with a NUL in it, of which
// there is none in a request that was parsed, is left out: it would be read as two.
std::string request_frame(std::vector<gateway::meta_variable> const& variables,
                          std::string_view first_of_body);

// The head of a piece of the body, which follows it; of 0 bytes: that was all.
std::string body_frame_head(std::size_t size);

// Nobody waits for the answer any more.
std::string_view cancel_frame();

// What a frame of this letter is, for people: "answer".
std::string_view frame_name(char kind);

// Why a worker did not answer.
struct trouble {
  std::string code;                    // as the worker gave it
  std::string sentence;                // what the application did
  std::vector<std::string> traceback;  // its lines
};

// What a worker sends for one request, as it comes.
class answer_decoder {
 public:
  enum class event {
    none,     // Nothing yet: what was not consumed is to be given again, or more bytes are needed.
    data,     // Some output.
    pull,     // It wants more of the body.
    end,      // The answer is whole.
    trouble,  // It will not be.
  };
  struct step {
    event what = event::none;
    std::size_t consumed = 0;  // of the bytes that were given
    std::string_view data{};   // some of these bytes
    std::size_t wanted = 0;    // of a pull
    char frame = 0;            // the letter of a frame that begins; 0: none does
    std::size_t length = 0;    // of its content
  };

  // The next step that the bytes allow. errc::malformed_body for what no worker sends. Nothing
  // follows event::end or event::trouble.
  base::result<step> next(std::string_view bytes);

  // What came with event::trouble.
  wsgi::trouble take_trouble();

 private:
  base::result<step> begin_frame(std::string_view bytes);
  step whole_frame(std::size_t consumed);
  char kind_ = 0;          // of the frame that is being read; 0: none is
  std::size_t left_ = 0;   // of its content
  std::string collected_;  // its head while kind_ is 0, then content that is needed as a whole
};

// A frame that came over a control socket.
struct control_frame {
  char kind = 0;
  std::string text;
};

// Takes the first frame out of what has come; nothing while it is not whole. errc::malformed_body
// for one that is too long.
base::result<std::optional<control_frame>> take_control_frame(std::string& from);

}  // namespace gatehouse::wsgi
