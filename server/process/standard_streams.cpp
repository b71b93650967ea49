#include "gatehouse/process/standard_streams.hpp"

#include <utility>

#include "gatehouse/process/pipe.hpp"

namespace gatehouse::process {
namespace {

base::error_code connect_input(base::unique_fd& ours, base::unique_fd& theirs) {
  auto made = make_pipe();
  if (made.has_error()) return made.error();
  ours = std::move(made->write);
  theirs = std::move(made->read);
  return {};
}

base::error_code connect_output(base::unique_fd& ours, base::unique_fd& theirs) {
  auto made = make_pipe();
  if (made.has_error()) return made.error();
  ours = std::move(made->read);
  theirs = std::move(made->write);
  return {};
}

}  // namespace

base::result<standard_streams> connect(program& what, is_fed fed) {
  standard_streams out;
  base::error_code error;
  if (fed == is_fed{true}) error = connect_input(out.input, what.standard_input);
  if (!error) error = connect_output(out.output, what.standard_output);
  if (!error) error = connect_output(out.error, what.standard_error);
  if (error) return error;
  return out;
}

}  // namespace gatehouse::process
