#pragma once
// The server with the seam (see system_calls.cpp), and the hand on it.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../wire/server.hpp"
#include "board.hpp"
#include "symbols.hpp"

namespace fault {

// A call that a server makes at one place in the program.
struct place {
  std::uint64_t where = 0;
  call what = call::count;
  std::uint32_t times = 0;
};

// One way to disturb it.
struct disturbance {
  place at;
  std::uint32_t occurrence = 0;
  std::int32_t failure = 0;
  bool lasting = false;  // and every later call that makes a descriptor fails, too
};

class faulty_server {
 public:
  // The site outlives it.
  faulty_server(wire::site const& site, wire::arguments options);
  ~faulty_server();

  std::uint16_t port() const { return server_->port(); }

  // Starts it again if it has ended. Gives how it ended, if so.
  std::optional<int> revive();
  // What it has logged since it was started, or started again.
  std::string log() const { return server_->log(); }
  // What it had logged when it ended.
  std::string const& last_words() const { return last_words_; }

  void begin_notes();
  std::vector<place> end_notes();

  void arm(disturbance const& what);
  // Gives how many calls failed.
  std::uint32_t disarm();

  // Waits until the server holds what it held at first, and runs nothing. Gives what is too much.
  std::string settle();
  // What the server holds now is what it is to hold later.
  void take_base_line();

 private:
  void start();
  std::vector<std::string> descriptors() const;

  wire::site const& site_;
  wire::arguments options_;
  std::string board_file_;
  board* board_ = nullptr;
  std::unique_ptr<wire::server> server_;
  std::string last_words_;
  std::size_t base_line_ = 0;  // descriptors
  std::size_t kept_ = 0;       // children
};

}  // namespace fault
