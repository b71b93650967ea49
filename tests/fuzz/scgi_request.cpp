// Variables as SCGI and uwsgi write them, and the first line of an answer (scgi/request.hpp): what
// is written is read back as the same variables, whatever bytes are in them, or is refused.

#include "gatehouse/scgi/request.hpp"

#include <string>
#include <utility>
#include <vector>

#include "expect.hpp"

namespace gatehouse::fuzz {
namespace {

using variables = std::vector<std::pair<std::string, std::string>>;

variables variables_in(std::string_view text) {
  variables out;
  while (!text.empty()) {
    auto line = take_until(text, "\n");
    auto const name = take_until(line, "=");
    out.emplace_back(name, line);
  }
  return out;
}

void expect_scgi(variables const& all) {
  scgi::scgi_packet packet("7");
  variables wanted = {{"CONTENT_LENGTH", "7"}, {"SCGI", "1"}};
  for (auto const& [name, value] : all) {
    packet.add(name, value);
    if (name != "CONTENT_LENGTH" && name != "SCGI") wanted.emplace_back(name, value);
  }
  auto const made = packet.finish();
  if (made.has_error()) return;
  std::string_view left = *made;
  auto const size = take_until(left, ":");
  expect(std::to_string(left.size() - 1) == size && left.ends_with(','), "a netstring");
  left.remove_suffix(1);
  variables read;
  while (!left.empty()) {
    auto const name = take_until(left, {"\0", 1});
    read.emplace_back(name, take_until(left, {"\0", 1}));
  }
  expect(read == wanted, "the same variables");
}

void expect_uwsgi(variables const& all) {
  scgi::uwsgi_packet packet;
  for (auto const& [name, value] : all) packet.add(name, value);
  auto const made = packet.finish();
  if (made.has_error()) return;
  std::string_view left = *made;
  auto const number = [&] {
    auto const out = static_cast<unsigned char>(left[0]) +
                     static_cast<unsigned char>(left[1]) * std::size_t{256};
    left.remove_prefix(2);
    return out;
  };
  expect(left[0] == 0 && left[3] == 0, "the modifiers");
  left.remove_prefix(1);
  expect(number() == left.size() - 1, "the size");
  left.remove_prefix(1);
  variables read;
  auto const text = [&] {
    auto const size = number();
    std::string const out(left.substr(0, size));
    left.remove_prefix(size);
    return out;
  };
  while (!left.empty()) {
    auto name = text();
    read.emplace_back(std::move(name), text());
  }
  expect(read == all, "the same variables");
}

std::string with_status(std::string_view bytes, std::size_t size) {
  scgi::status_line line;
  std::string out;
  while (!bytes.empty()) {
    out += line.push(bytes.substr(0, size));
    bytes.remove_prefix(std::min(size, bytes.size()));
  }
  out += line.end();
  return out;
}

void expect_status(std::string_view bytes, std::size_t size) {
  auto const whole = with_status(bytes, bytes.size() + 1);
  expect(with_status(bytes, size) == whole, "the same however it arrives");
  expect(whole == bytes ||
             (bytes.starts_with("HTTP/1.") && whole == "Status: " + std::string(bytes.substr(9))),
         "only a first line of HTTP is another one");
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  auto const bytes = gatehouse::fuzz::text_of(data + 1, size - 1);
  auto const all = gatehouse::fuzz::variables_in(bytes);
  gatehouse::fuzz::expect_scgi(all);
  gatehouse::fuzz::expect_uwsgi(all);
  gatehouse::fuzz::expect_status(bytes, data[0] % 16U + 1U);
  return 0;
}
