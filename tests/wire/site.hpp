#pragma once
// A fresh directory tree for one case: what the server is to serve, and room beside it for what it
// must not serve.

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace wire {

class site {
 public:
  // Makes an empty document root with an empty cgi-bin in it. Throws if it cannot.
  site();
  site(site const&) = delete;
  site& operator=(site const&) = delete;
  ~site();  // removes the tree

  // The document root; absolute and without symbolic links.
  std::filesystem::path root() const { return base_ / "www"; }
  std::filesystem::path cgi_bin() const { return root() / "cgi-bin"; }
  // A directory that holds the root and is not served.
  std::filesystem::path base() const { return base_; }

  // Writes a file below the root (name is relative) or anywhere (absolute), with its directories.
  std::filesystem::path write(std::filesystem::path const& name, std::string_view bytes,
                              mode_t mode = 0644) const;

  // An executable file in cgi-bin.
  std::filesystem::path script(std::filesystem::path const& name, std::string_view text) const;

  // An executable file in cgi-bin that prints exactly these bytes.
  std::filesystem::path printing(std::filesystem::path const& name, std::string_view bytes) const;

  // An executable file in cgi-bin that is played by this test program itself: see plays.hpp.
  std::filesystem::path play(std::filesystem::path const& name, std::string_view part) const;

 private:
  std::filesystem::path base_;
};

// All of a file; empty if it cannot be read.
std::string contents(std::filesystem::path const& file);

}  // namespace wire
