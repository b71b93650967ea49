#include "gatehouse/trace/recorder.hpp"

#include <algorithm>

namespace gatehouse::trace {
namespace {

class several final : public sink {
 public:
  explicit several(std::vector<std::unique_ptr<sink>> all) : all_(std::move(all)) {}
  void record(event const& what) override {
    for (auto const& one : all_) one->record(what);
  }
  bool prints_stderr() const override {
    return std::any_of(all_.begin(), all_.end(),
                       [](auto const& one) { return one->prints_stderr(); });
  }

 private:
  std::vector<std::unique_ptr<sink>> all_;
};

}  // namespace

std::unique_ptr<sink> tracers::begin(http::exchange_context const& context,
                                     std::optional<http::steady_time> connected) {
  std::vector<std::unique_ptr<sink>> begun;
  for (auto* const one : all_) begun.push_back(one->begin(context, connected));
  return std::make_unique<several>(std::move(begun));
}

}  // namespace gatehouse::trace
