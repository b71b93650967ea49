#pragma once
// The script command line (RFC 3875, 4.4): a query of plain words becomes arguments. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::cgi {

// The words between "+", each decoded, of the query of a GET or HEAD that has no unencoded "=";
// none if one of them cannot be decoded or holds a NUL or a line break. reads_options: whoever gets
// the words would take one that begins with "-" for an option of its own (an interpreter, or a
// program that no #! line puts behind its script's path); none either then if there is such a word.
std::vector<std::string> script_arguments(std::string_view method, std::string_view query,
                                          bool reads_options);

}  // namespace gatehouse::cgi
