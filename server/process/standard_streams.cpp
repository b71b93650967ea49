#include "gatehouse/process/standard_streams.hpp"

#include <utility>

#include "gatehouse/process/pipe.hpp"

namespace gatehouse::process {
namespace {

base::error_code join(base::unique_fd& reader, base::unique_fd& writer) {
  auto made = make_pipe();
  if (made.has_error()) return made.error();
  reader = std::move(made->read);
  writer = std::move(made->write);
  return {};
}

}  // namespace

base::result<standard_streams> connect(program& what, is_fed fed) {
  standard_streams out;
  base::error_code error;
  if (fed == is_fed{true}) error = join(what.standard_input, out.input);
  if (!error) error = join(out.output, what.standard_output);
  if (!error) error = join(out.error, what.standard_error);
  if (error) return error;
  return out;
}

}  // namespace gatehouse::process
