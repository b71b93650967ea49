#include "gatehouse/app/error_page.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <string>
#include <utility>

#include "gatehouse/base/escape.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/http/local_request.hpp"
#include "gatehouse/http/target.hpp"

namespace gatehouse::app {
namespace {

std::string_view sentence(unsigned status) {
  switch (status) {
    case 400:
      return "The server does not understand this request.";
    case 401:
      return "This address asks for a name and a password.";
    case 403:
      return "The server may not give this out.";
    case 404:
      return "There is nothing at this address.";
    case 405:
      return "This address does not take requests of this kind.";
    case 406:
      return "There is no form of this that the client accepts.";
    case 408:
      return "The request did not arrive in time.";
    case 411:
      return "The request has to say how long its content is.";
    case 412:
      return "A condition that the request sets is not met.";
    case 413:
      return "The content of the request is larger than the server takes.";
    case 414:
      return "The address is longer than the server takes.";
    case 415:
      return "The content of the request is of a kind that is not taken here.";
    case 416:
      return "The part that was asked for does not exist.";
    case 417:
      return "The server cannot meet what the request expects of it.";
    case 431:
      return "The header fields of the request are larger than the server takes.";
    case 500:
      return "Something went wrong on the server.";
    case 501:
      return "The server does not know how to do this.";
    case 502:
      return "The program at this address did not give a proper answer.";
    case 503:
      return "The server is busy. Try again in a moment.";
    case 504:
      return "The program at this address took too long to answer.";
    case 505:
      return "The server does not speak this version of HTTP.";
    default:
      return status < 500 ? "The request cannot be answered." : "The server cannot answer.";
  }
}

// What a page says in any of its forms. Text is not escaped yet; each form escapes it.
struct content {
  unsigned status;
  std::string_view phrase;
  std::string_view sentence;
  std::string_view reason;
  std::string detail;  // empty without details, as is the diagnosis
  http::diagnosis diagnosis;
};

content content_of(http::http_error const& error, bool with_details) {
  content page{error.status,
               http::reason_phrase(error.status),
               sentence(error.status),
               error.reason,
               {},
               {}};
  if (with_details) {
    page.detail = error.detail;
    page.diagnosis = error.help;
  }
  return page;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    auto const end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string printable_lines(std::string_view text, std::string_view indent) {
  std::string out;
  for (auto const line : lines_of(text))
    out.append(indent).append(base::log_escaped(line)).append("\n");
  return out;
}

// "What it printed first", or from which line on.
std::string heading_of_output(http::diagnosis const& help) {
  return help.excerpt_line == 1 ? "What it printed first"
                                : "What it printed, from line " + std::to_string(help.excerpt_line);
}

// The excerpt, with an arrow at the line that is at fault.
std::string printable_output(http::diagnosis const& help) {
  std::string out;
  auto number = help.excerpt_line;
  for (auto const line : lines_of(help.output_excerpt))
    out.append(number++ == help.marked_line ? "--> " : "    ")
        .append(base::log_escaped(line))
        .append("\n");
  return out;
}

std::string plain_text(content const& page) {
  auto const& help = page.diagnosis;
  constexpr std::string_view indent = "    ";
  std::string out = std::to_string(page.status) + ' ' + std::string(page.phrase) + '\n' +
                    std::string(page.sentence) + '\n';
  auto const& why = help.explanation.empty() ? page.detail : help.explanation;
  if (!why.empty()) out += '\n' + printable_lines(why, "");
  if (!help.command.empty()) out += "\nTry this:\n" + printable_lines(help.command, indent);
  if (!help.output_excerpt.empty())
    out += "\n" + heading_of_output(help) + ":\n" + printable_output(help);
  if (!help.stderr_lines.empty()) out += "\nIts last lines on standard error:\n";
  for (auto const& line : help.stderr_lines)
    out.append(indent).append(base::log_escaped(line)).append("\n");
  if (!page.reason.empty()) out += "\n(" + std::string(page.reason) + ")\n";
  return out;
}

boost::json::object json_diagnosis(http::diagnosis const& help) {
  boost::json::object out;
  out["explanation"] = base::log_escaped(help.explanation);
  if (!help.command.empty()) out["command"] = base::log_escaped(help.command);
  if (!help.output_excerpt.empty()) {
    out["output"] = printable_lines(help.output_excerpt, "");
    out["output_line"] = help.excerpt_line;
  }
  if (help.marked_line > 0) out["marked_line"] = help.marked_line;
  boost::json::array lines;
  for (auto const& line : help.stderr_lines) lines.emplace_back(base::log_escaped(line));
  if (!lines.empty()) out["stderr"] = std::move(lines);
  return out;
}

std::string json_text(content const& page) {
  boost::json::object out;
  out["status"] = page.status;
  out["phrase"] = boost::json::string_view(page.phrase);
  out["message"] = boost::json::string_view(page.sentence);
  out["reason"] = boost::json::string_view(page.reason);
  if (!page.detail.empty()) out["detail"] = base::log_escaped(page.detail);
  if (!page.diagnosis.explanation.empty()) out["diagnosis"] = json_diagnosis(page.diagnosis);
  return boost::json::serialize(out) + '\n';
}

constexpr std::string_view style = R"(:root {
  color-scheme: light dark;
  --bg: #fbfaf7; --text: #1d1d1b; --muted: #6b6a64; --line: #e3e0d8; --accent: #0f6b5c;
  --error: #a63a24; --block: #f2efe8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #151614; --text: #e9e7e1; --muted: #9a988f; --line: #2d2e2a; --accent: #5cc7b2;
    --error: #ee8f74; --block: #1d1e1b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 50rem; padding: clamp(1.5rem, 8vh, 5rem) 1.25rem 2rem;
  background: var(--bg); color: var(--text); font: 1rem/1.55 system-ui, sans-serif;
  overflow-wrap: anywhere;
}
h1 { margin: 0; font-size: clamp(1.6rem, 6vw, 2.25rem); line-height: 1.2; font-weight: 650; }
h1 span { color: var(--error); font-variant-numeric: tabular-nums; }
h1 + p { margin: .6rem 0 0; font-size: 1.1rem; }
section { margin-top: 2rem; padding-top: 1.5rem; border-top: 1px solid var(--line); }
section > p { margin: 0; }
h2 { margin: 1.5rem 0 .4rem; font-size: .85rem; font-weight: 600; color: var(--muted); }
pre {
  margin: 0; padding: .7rem .9rem; background: var(--block); border: 1px solid var(--line);
  border-radius: 6px; font: .875rem/1.5 ui-monospace, monospace; white-space: pre-wrap;
}
pre.command { border-left: 3px solid var(--accent); user-select: all; }
pre.errors { border-left: 3px solid var(--error); }
mark { background: none; color: var(--error); font-weight: 650; }
footer { margin-top: 2rem; padding-top: .8rem; border-top: 1px solid var(--line);
  font-size: .8rem; color: var(--muted); }
footer code { font-family: ui-monospace, monospace; }
)";

// markup: of the block's text, already escaped.
void append_block(std::string& out, std::string_view heading, std::string_view kind,
                  std::string_view markup) {
  // Browsers drop a line feed right after <pre> (HTML, 13.2.6.4.7), so there is one more.
  out.append("<h2>").append(heading).append("</h2>\n<pre class=\"").append(kind).append("\">\n");
  out.append(markup).append("</pre>\n");
}

// Escapes the lines of a block, and marks the one with this number, counted from 1.
std::string escaped_lines(std::vector<std::string_view> const& lines, std::size_t marked = 0) {
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto const text = base::html_escaped(lines[i]);
    out += i + 1 == marked ? "<mark>" + text + "</mark>\n" : text + "\n";
  }
  return out;
}

void append_diagnosis(std::string& out, http::diagnosis const& help) {
  out += "<section>\n<p>" + base::html_escaped(help.explanation) + "</p>\n";
  if (!help.command.empty())
    append_block(out, "Try this", "command", base::html_escaped(help.command));
  if (!help.output_excerpt.empty()) {
    bool const shows_marked = help.marked_line >= help.excerpt_line;
    append_block(out, heading_of_output(help), "output",
                 escaped_lines(lines_of(help.output_excerpt),
                               shows_marked ? help.marked_line - help.excerpt_line + 1 : 0));
  }
  if (!help.stderr_lines.empty()) {
    append_block(out, "Its last lines on standard error", "errors",
                 escaped_lines({help.stderr_lines.begin(), help.stderr_lines.end()}));
  }
  out += "</section>\n";
}

std::string html_text(content const& page) {
  std::string const status = std::to_string(page.status);
  std::string const phrase(page.phrase);
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
      status + ' ' + phrase + "</title>\n<style>\n";
  out.append(style).append("</style>\n</head>\n<body>\n<main>\n<h1><span>");
  out.append(status).append("</span> ").append(phrase).append("</h1>\n<p>");
  out.append(page.sentence).append("</p>\n");
  if (!page.diagnosis.explanation.empty()) {
    append_diagnosis(out, page.diagnosis);
  } else if (!page.detail.empty()) {
    out += "<section>\n<p>" + base::html_escaped(page.detail) + "</p>\n</section>\n";
  }
  out += "</main>\n";
  std::string foot;
  if (!page.reason.empty()) foot += "<code>" + base::html_escaped(page.reason) + "</code>";
  if (!page.diagnosis.explanation.empty() || !page.detail.empty()) {
    foot += " \xC2\xB7 Details are shown to clients on the server\xE2\x80\x99s own machine only.";
  }
  if (!foot.empty()) out += "<footer>" + foot + "</footer>\n";
  return out + "</body>\n</html>\n";
}

}  // namespace

error_form preferred_error_form(std::string_view accept) {
  bool json = false;
  for (auto const range : http::list_elements(accept)) {
    auto const type = http::trim_ows(range.substr(0, range.find(';')));
    if (http::iequals(type, "text/html")) return error_form::html;
    json = json || http::iequals(type, "application/json");
  }
  return json ? error_form::json : error_form::plain;
}

http::response render_error(http::http_error const& error, http::request const* request,
                            bool client_is_loopback) {
  bool const for_client_here =
      client_is_loopback &&
      (request == nullptr || !(http::is_forwarded(*request) || http::may_be_rebound(*request)));
  auto const page = content_of(error, for_client_here);
  auto const form =
      preferred_error_form(request != nullptr ? request->fields.combined("Accept") : "");
  http::response response;
  response.status = error.status;
  response.fields = error.fields;
  response.close = error.close;
  switch (form) {
    case error_form::plain:
      response.fields.set("Content-Type", "text/plain; charset=utf-8");
      response.body = http::make_buffer(plain_text(page));
      break;
    case error_form::json:
      response.fields.set("Content-Type", "application/json");
      response.body = http::make_buffer(json_text(page));
      break;
    case error_form::html:
      response.fields.set("Content-Type", "text/html; charset=utf-8");
      response.body = http::make_buffer(html_text(page));
      break;
  }
  response.fields.set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
  response.fields.set("X-Content-Type-Options", "nosniff");
  response.fields.set("Cache-Control", "no-store");
  return response;
}

}  // namespace gatehouse::app
