#include "gatehouse/show/replay.hpp"

#include <algorithm>
#include <set>

#include "gatehouse/base/escape.hpp"
#include "gatehouse/http/grammar.hpp"

namespace gatehouse::show {
namespace {

bool is_plain(std::string_view text) {
  return base::terminal_escaped(text) == text;
}

// A format with which printf(1) prints these bytes. It has only octal escapes, because every shell
// has them, and none of its formats begins with "-", which would begin an option.
std::string printf_format(std::string_view bytes) {
  std::string out = "'";
  for (char const c : bytes) {
    auto const byte = static_cast<unsigned char>(c);
    bool const as_it_is = byte >= 0x20U && byte < 0x7FU && c != '\'' && c != '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (c == '%') {
      out += "%%";
    } else if (as_it_is && (c != '-' || out.size() > 1)) {
      out += c;
    } else {
      out += {'\\', static_cast<char>('0' + (byte >> 6U)),
              static_cast<char>('0' + ((byte >> 3U) & 7U)), static_cast<char>('0' + (byte & 7U))};
    }
  }
  return out + '\'';
}

// The word, quoted for a shell. If it has control characters, which could do harm on a terminal, it
// is the output of a printf. A shell removes the line feeds at the end of a command's output, so
// these are written behind it.
std::string word_of(std::string_view text) {
  if (is_plain(text)) return base::shell_quoted(text);
  auto const last = text.find_last_not_of('\n') + 1;
  std::string out = "\"$(printf " + printf_format(text.substr(0, last)) + ")\"";
  if (last < text.size()) out += base::shell_quoted(text.substr(last));
  return out;
}

// The variables for env(1). It keeps the last of several with the same name, but getenv(3) finds
// the first, so only the first is given.
std::string environment_of(trace::recording const& of) {
  std::string out;
  std::set<std::string_view> seen;
  for (auto const& variable : of.variables) {
    if (!seen.insert(variable.name).second) continue;
    out.append(" ").append(base::shell_quoted(variable.name));
    out.append("=").append(word_of(variable.value));
  }
  return out;
}

// How much the program reads in all. The second program of a local redirect gets no body.
std::uint64_t input_size(trace::recording const& of) {
  for (auto const& variable : of.variables) {
    if (variable.name == "CONTENT_LENGTH") return http::parse_decimal(variable.value).value_or(0);
  }
  return 0;
}

std::string option(std::string_view name, std::string_view word) {
  return std::string(name).append(" ").append(word_of(word));
}

// "curl -i", and what makes curl send this method and this path as they are.
std::string curl_start(http::request const& request, bool with_body) {
  std::string out = request.is_head() ? "curl -I" : "curl -i";
  std::string_view const usual = with_body ? "POST" : "GET";
  if (request.method != usual && !request.is_head()) out += option(" -X", request.method);
  if (request.minor_version == 0) out += " --http1.0";
  if (request.target.raw.find_first_of("[]{}") != std::string::npos) out += " -g";
  if (request.target.raw.find("/.") != std::string::npos) out += " --path-as-is";
  return out;
}

// The field lines that curl does not make itself. curl takes a name with ";" for a field without a
// value.
std::string curl_fields(http::request const& request, std::string_view host, bool with_body) {
  std::string out;
  for (auto const& field : request.fields) {
    if (http::iequals(field.name, "Content-Length")) continue;
    if (http::iequals(field.name, "Host") && field.value == host) continue;
    std::string line(field.name);
    line.append(field.value.empty() ? ";" : ": ").append(field.value);
    out += option(" -H", line);
  }
  if (with_body && !request.fields.contains("Content-Type")) out += " -H Content-Type:";
  return out;
}

// The authority as the browser wrote it, if it certainly means this server.
std::string authority_of(trace::recording const& of) {
  auto const host = of.request->fields.find("Host").value_or("");
  auto const port = of.server.substr(std::min(of.server.rfind(':'), of.server.size()));
  return host == "localhost" + port ? std::string(host) : of.server;
}

}  // namespace

bool has_whole_body(trace::recording const& of) {
  if (!of.request || of.standard_input.cut()) return false;
  if (!of.request->chunked) return of.standard_input.size == of.request->content_length.value_or(0);
  return of.standard_input.size >= of.request_body_read;
}

std::string shell_command(trace::recording const& of, std::string_view standard_input) {
  if (!of.program) return {};
  if (input_size(of) == 0) standard_input = {};
  std::string out = "cd " + word_of(of.program->directory) + " && ";
  if (!standard_input.empty()) out += "printf " + printf_format(standard_input) + " | ";
  out += "env -i" + environment_of(of);
  // env(1) would take a path with "=" for one more variable.
  if (of.program->path.find('=') != std::string::npos) out += " nice -n 0";
  for (auto const& argument : of.program->arguments) out += " " + word_of(argument);
  if (standard_input.empty()) out += " </dev/null";
  return out;
}

std::string shell_command(trace::recording const& of) {
  auto const size = input_size(of);
  bool const whole = size == 0 || (size == of.standard_input.size && !of.standard_input.cut());
  return whole ? shell_command(of, of.standard_input.bytes) : std::string();
}

std::string curl_command(trace::recording const& of) {
  if (!has_whole_body(of)) return {};
  auto const& request = *of.request;
  auto const& body = of.standard_input.bytes;
  auto const authority = authority_of(of);
  std::string out = curl_start(request, !body.empty());
  out += curl_fields(request, authority, !body.empty());
  if (request.target.form == http::target_form::asterisk) {
    return out + " --request-target '*' " + word_of("http://" + authority + "/");
  }
  auto const url = " " + word_of("http://" + authority + request.target.raw);
  if (body.empty()) return out + url;
  if (is_plain(body)) return out + option(" --data-raw", body) + url;
  return "printf " + printf_format(body) + " | " + out + " --data-binary @-" + url;
}

}  // namespace gatehouse::show
