#include "faulty_server.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <new>
#include <stdexcept>

#include "../wire/patience.hpp"

namespace fs = std::filesystem;

namespace fault {

faulty_server::faulty_server(wire::site const& site, wire::arguments options)
    : site_(site), options_(std::move(options)), board_file_(site.base() / "board") {
  int const fd = ::open(board_file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  bool const sized = fd >= 0 && ::ftruncate(fd, sizeof(board)) == 0;
  void* const at = sized ? ::mmap(nullptr, sizeof(board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                         : MAP_FAILED;
  ::close(fd);
  if (at == MAP_FAILED) throw std::runtime_error("no board");
  board_ = new (at) board();
  start();
}

faulty_server::~faulty_server() {
  board_->now = order::nothing;
  server_.reset();
  ::munmap(board_, sizeof(board));
}

void faulty_server::start() {
  server_ = std::make_unique<wire::server>(
      site_, options_, wire::arguments{std::string(board_variable) + "=" + board_file_});
}

std::optional<int> faulty_server::revive() {
  if (wire::is_running(server_->pid())) return std::nullopt;
  board_->now = order::nothing;
  auto const how = server_->wait_for_end();
  last_words_ = server_->log();
  start();
  return how;
}

void faulty_server::begin_notes() {
  for (auto& entry : board_->sites) entry.where = entry.what = entry.times = 0;
  board_->now = order::note;
}

std::vector<place> faulty_server::end_notes() {
  board_->now = order::nothing;
  std::vector<place> out;
  for (auto const& entry : board_->sites) {
    if (entry.where == 0) continue;
    out.push_back({entry.where, static_cast<call>(entry.what.load()), entry.times});
  }
  return out;
}

void faulty_server::arm(disturbance const& what) {
  board_->where = what.at.where;
  board_->occurrence = what.occurrence;
  board_->failure = what.failure;
  board_->lasting = what.lasting;
  board_->seen = 0;
  board_->fired = 0;
  board_->now = order::fail;
}

std::uint32_t faulty_server::disarm() {
  board_->now = order::nothing;
  return board_->fired;
}

std::string faulty_server::settle() {
  bool const quiet = wire::eventually(
      [&] {
        if (!wire::is_running(server_->pid())) return true;
        return descriptors().size() <= base_line_ &&
               wire::children_of(server_->pid()).size() <= kept_;
      },
      std::chrono::seconds(6));
  if (quiet) return {};
  std::string held;
  for (auto const& child : wire::children_of(server_->pid())) {
    held += " " + child.name + "(" + child.state + ")";
  }
  for (auto const& descriptor : descriptors()) held += " " + descriptor;
  return "at first " + std::to_string(base_line_) + " descriptors and " + std::to_string(kept_) +
         " children, now" + held;
}

void faulty_server::take_base_line() {
  base_line_ = descriptors().size();
  kept_ = wire::children_of(server_->pid()).size();
}

std::vector<std::string> faulty_server::descriptors() const {
  std::vector<std::string> out;
  std::error_code gone;
  fs::directory_iterator const held("/proc/" + std::to_string(server_->pid()) + "/fd", gone);
  if (gone) return out;
  for (auto it = begin(held); it != end(held); it.increment(gone)) {
    if (gone) break;
    out.push_back(fs::read_symlink(it->path(), gone).string());
  }
  return out;
}

}  // namespace fault
