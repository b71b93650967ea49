#pragma once
// --log-format: how a line of the access log is written.

namespace gatehouse::config {

enum class log_format { combined, json };

}  // namespace gatehouse::config
