// What a worker sends (wsgi/frames.hpp): however it is cut, it is the same output, with the same
// end; no step takes more than there is, and none but the last takes nothing.

#include <algorithm>
#include <string>

#include "expect.hpp"
#include "gatehouse/wsgi/frames.hpp"

namespace gatehouse::fuzz {
namespace {

using event = wsgi::answer_decoder::event;

struct outcome {
  std::string output;
  std::string events;
  bool operator==(outcome const&) const = default;
};

outcome decoded(std::string_view bytes, std::size_t piece) {
  outcome out;
  wsgi::answer_decoder decoder;
  while (!bytes.empty()) {
    auto rest = bytes.substr(0, piece);
    bytes.remove_prefix(rest.size());
    while (!rest.empty()) {
      auto const step = decoder.next(rest);
      if (step.has_error()) {
        out.events += '!';
        return out;
      }
      expect(step->consumed > 0 && step->consumed <= rest.size(), "each step takes what is there");
      rest.remove_prefix(step->consumed);
      out.output += step->data;
      if (step->what == event::pull) out.events += "P" + std::to_string(step->wanted);
      if (step->what == event::end) out.events += 'E';
      if (step->what == event::trouble) {
        auto const told = decoder.take_trouble();
        out.events +=
            "T" + told.code + "," + told.sentence + "," + std::to_string(told.traceback.size());
      }
    }
  }
  return out;
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
  using namespace gatehouse::fuzz;
  std::string_view const bytes(reinterpret_cast<char const*>(data), size);
  auto const whole = decoded(bytes, std::max<std::size_t>(size, 1));
  expect(decoded(bytes, 1) == whole, "byte by byte it is the same");
  expect(decoded(bytes, 3) == whole, "in pieces it is the same");
  std::string control(bytes);
  while (true) {
    auto const before = control.size();
    auto const frame = gatehouse::wsgi::take_control_frame(control);
    if (frame.has_error() || !frame->has_value()) break;
    expect(control.size() < before, "a frame that is taken is gone");
  }
  return 0;
}
