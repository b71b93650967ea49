#include "plays.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>

namespace wire {
namespace {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void print_environment() {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    print({*entry, std::strlen(*entry) + 1});
  }
}

void print_arguments(int count, char** values) {
  for (int i = 0; i < count; ++i) print({values[i], std::strlen(values[i]) + 1});
}

std::string open_descriptors() {
  std::string out;
  for (int fd = 0; fd < 1024; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) out += (out.empty() ? "" : ",") + std::to_string(fd);
  }
  return out;
}

std::string signals(bool blocked) {
  sigset_t mask;
  ::sigprocmask(SIG_SETMASK, nullptr, &mask);
  std::string out;
  for (int number = 1; number <= SIGRTMAX; ++number) {
    struct sigaction action {};
    bool const ignored = ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
    if (blocked ? ::sigismember(&mask, number) == 1 : ignored) out += std::to_string(number) + ",";
  }
  return out;
}

void print_process() {
  print("pid=" + std::to_string(::getpid()) + "\n");
  print("group=" + std::to_string(::getpgrp()) + "\n");
  print("parent=" + std::to_string(::getppid()) + "\n");
  print("directory=" + std::filesystem::current_path().string() + "\n");
  print("descriptors=" + open_descriptors() + "\n");
  print("blocked=" + signals(true) + "\n");
  print("ignored=" + signals(false) + "\n");
}

void print_input() {
  char buffer[65536];
  while (true) {
    auto const n = ::read(0, buffer, sizeof buffer);
    if (n <= 0) return;
    print({buffer, static_cast<std::size_t>(n)});
  }
}

}  // namespace

int play(std::string_view part, int argument_count, char** arguments) {
  print(part == "echo" ? "Content-Type: application/octet-stream\n\n"
                       : "Content-Type: text/plain\n\n");
  if (part == "env") print_environment();
  if (part == "argv") print_arguments(argument_count, arguments);
  if (part == "process") print_process();
  if (part == "echo") print_input();
  return std::fflush(stdout) == 0 ? 0 : 1;
}

std::map<std::string, std::string> entries(std::string_view text, char end) {
  std::map<std::string, std::string> out;
  for (auto const& entry : words(text, end)) {
    auto const equals = entry.find('=');
    out[entry.substr(0, equals)] = equals == std::string::npos ? "" : entry.substr(equals + 1);
  }
  return out;
}

std::vector<std::string> words(std::string_view text, char end) {
  std::vector<std::string> out;
  while (!text.empty()) {
    auto const at = std::min(text.find(end), text.size());
    out.emplace_back(text.substr(0, at));
    text.remove_prefix(std::min(at + 1, text.size()));
  }
  return out;
}

}  // namespace wire
