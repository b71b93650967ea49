#pragma once
// A recorded exchange as JSON: what the inspector's page and `gatehouse explain --json` give. All
// strings are valid UTF-8; bytes are in base64. Pure.

#include <boost/json/object.hpp>
#include <cstdint>
#include <string_view>

#include "gatehouse/trace/recording.hpp"

namespace gatehouse::show {

// One line of a list of exchanges: id, state, method, target, status, kind, ...
boost::json::object summary_json(trace::recording const& of);

// All of it: the summary's members, then request, route, script, variables, process, response, ...
boost::json::object exchange_json(trace::recording const& of);

// {"base64", "size", "cut"}: size of what went over, of which bytes were kept.
boost::json::object bytes_json(std::string_view bytes, std::uint64_t size);

}  // namespace gatehouse::show
