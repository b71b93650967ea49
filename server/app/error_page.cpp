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

// What a page says in any of its forms. Text is not escaped yet; each form escapes it.
struct content {
  unsigned status;
  std::string_view phrase;
  std::string_view sentence;
  std::string_view reason;
  std::string detail;  // empty without details, as is the diagnosis
  http::diagnosis diagnosis;
  std::string_view inspected;  // where the inspector shows the exchange; empty: nowhere
};

content content_of(http::http_error const& error, bool with_details) {
  content page{error.status,
               http::reason_phrase(error.status),
               http::sentence_for(error),
               error.reason,
               {},
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
  if (!help.file.empty()) out += "\nFile: " + base::log_escaped(help.file) + '\n';
  if (!help.command.empty()) out += "\nTry this:\n" + printable_lines(help.command, indent);
  if (!help.output_excerpt.empty())
    out += "\n" + heading_of_output(help) + ":\n" + printable_output(help);
  if (!help.traceback.empty()) out += "\nTraceback:\n";
  for (auto const& line : help.traceback)
    out.append(indent).append(base::log_escaped(line)).append("\n");
  if (!help.stderr_lines.empty()) out += "\nIts last lines on standard error:\n";
  for (auto const& line : help.stderr_lines)
    out.append(indent).append(base::log_escaped(line)).append("\n");
  if (!page.reason.empty()) out += "\n(" + std::string(page.reason) + ")\n";
  return out;
}

void add_lines(boost::json::object& to, std::string_view name,
               std::vector<std::string> const& lines) {
  boost::json::array out;
  for (auto const& line : lines) out.emplace_back(base::log_escaped(line));
  if (!out.empty()) to[name] = std::move(out);
}

boost::json::object json_diagnosis(http::diagnosis const& help) {
  boost::json::object out;
  out["explanation"] = base::log_escaped(help.explanation);
  if (!help.file.empty()) out["file"] = base::log_escaped(help.file);
  if (!help.nearest.empty()) out["nearest"] = help.nearest;
  if (!help.command.empty()) out["command"] = base::log_escaped(help.command);
  if (!help.output_excerpt.empty()) {
    out["output"] = printable_lines(help.output_excerpt, "");
    out["output_line"] = help.excerpt_line;
  }
  if (help.marked_line > 0) out["marked_line"] = help.marked_line;
  add_lines(out, "traceback", help.traceback);
  add_lines(out, "stderr", help.stderr_lines);
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
@media (min-width: 100rem) { html { font-size: 1.25rem; } }
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 50rem; padding: clamp(1.5rem, 7vh, 4rem) 1.25rem 2rem;
  background: var(--bg); color: var(--text); font: 1rem/1.55 system-ui, sans-serif;
  overflow-wrap: anywhere;
}
a { color: var(--accent); text-underline-offset: .2em; }
a:focus-visible, button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
h1 { margin: 0; font-size: clamp(1.6rem, 6vw, 2.25rem); line-height: 1.2; font-weight: 650; }
h1 span { color: var(--error); font-variant-numeric: tabular-nums; }
h1 + p { margin: .5rem 0 0; font-size: 1.1rem; }
section { margin-top: 1.5rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
section > p { margin: 0; }
.file { margin-bottom: .4rem; font: .875rem/1.5 ui-monospace, monospace; color: var(--muted); }
h2 { margin: 1.25rem 0 .4rem; font-size: .85rem; font-weight: 600; color: var(--muted); }
pre {
  margin: 0; padding: .7rem .9rem; background: var(--block); border-radius: 6px;
  border-left: 3px solid transparent; font: .875rem/1.5 ui-monospace, monospace;
  white-space: pre-wrap;
}
.command { display: flex; align-items: start; background: var(--block); border-radius: 6px; }
.command pre { flex: 1; min-width: 0; border-left-color: var(--accent); user-select: all; }
button {
  min-height: 2rem; margin: .35rem .5rem; padding: 0 .8rem; font: inherit; font-size: .875rem;
  color: var(--accent); background: var(--bg); border: 1px solid var(--line); border-radius: 6px;
  cursor: pointer;
}
.errors { border-left-color: var(--error); }
mark { background: none; color: var(--error); font-weight: 650; }
.errors b { font-weight: 650; color: var(--error); }
footer { margin-top: 1.75rem; padding-top: .8rem; border-top: 1px solid var(--line);
  font-size: .875rem; color: var(--muted); }
footer nav { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; }
footer a { min-width: 1.5rem; line-height: 1.75; }
footer p { margin: .5rem 0 0; }
footer code { font-family: ui-monospace, monospace; }
)";

// The button appears only where it works. execCommand copies at any address; the clipboard of
// newer browsers is for secure contexts, which a name such as http://mybox:8000 is none of.
constexpr std::string_view script = R"(for (const button of document.querySelectorAll("button")) {
  button.hidden = false;
  button.onclick = () => {
    getSelection().selectAllChildren(button.previousElementSibling);
    if (document.execCommand("copy")) button.textContent = "Copied";
  };
}
)";

// The hash is the script's; a browser that runs nothing else prints the one that it would take.
constexpr std::string_view policy = "default-src 'none'; style-src 'unsafe-inline'";
constexpr std::string_view policy_with_script =
    "default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'sha256-qtO51CNtZ7QEuHw/XsI2u+EUuFm5OqjM2jv+lU5q8Uk='";

bool has_script(content const& page) {
  return !page.diagnosis.command.empty();
}

// markup: of the block's text, already escaped.
void append_block(std::string& out, std::string_view heading, std::string_view kind,
                  std::string_view markup) {
  // Browsers drop a line feed right after <pre> (HTML, 13.2.6.4.7), so there is one more.
  out.append("<h2>").append(heading).append("</h2>\n<pre class=\"").append(kind).append("\">\n");
  out.append(markup).append("</pre>\n");
}

void append_command(std::string& out, std::string_view command) {
  out += "<h2>Try this</h2>\n<div class=\"command\"><pre>\n" + base::html_escaped(command) +
         "</pre><button type=\"button\" hidden>Copy</button></div>\n";
}

// Escapes the lines of a block, and puts the one with this number, counted from 1, into an element.
std::string escaped_lines(std::vector<std::string_view> const& lines, std::size_t marked,
                          std::string const& element) {
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto const text = base::html_escaped(lines[i]);
    out += i + 1 == marked ? "<" + element + ">" + text + "</" + element + ">\n" : text + "\n";
  }
  return out;
}

// The number of the line that tells the most: the last one, but for a hint that env(1) puts behind
// what it has to say of an interpreter that it does not find.
std::size_t telling_line(std::vector<std::string> const& lines) {
  bool const hint = lines.size() > 1 && lines.back().ends_with("to pass options in shebang lines");
  return lines.size() - (hint ? 1 : 0);
}

void append_errors(std::string& out, std::string_view heading,
                   std::vector<std::string> const& lines) {
  if (lines.empty()) return;
  append_block(out, heading, "errors",
               escaped_lines({lines.begin(), lines.end()}, telling_line(lines), "b"));
}

// The explanation, with a link where it names the nearest address.
std::string explanation_markup(http::diagnosis const& help) {
  std::string_view const text = help.explanation;
  auto const at = help.nearest.empty() ? std::string_view::npos : text.rfind(help.nearest);
  if (at == std::string_view::npos) return base::html_escaped(text);
  auto const address = base::html_escaped(help.nearest);
  return base::html_escaped(text.substr(0, at)) + "<a href=\"" + address + "\">" + address +
         "</a>" + base::html_escaped(text.substr(at + help.nearest.size()));
}

// The reason and what mends it come first: nobody should have to scroll to them.
void append_diagnosis(std::string& out, http::diagnosis const& help) {
  out += "<section>\n";
  if (!help.file.empty()) out += "<p class=\"file\">" + base::html_escaped(help.file) + "</p>\n";
  out += "<p>" + explanation_markup(help) + "</p>\n";
  if (!help.command.empty()) append_command(out, help.command);
  if (!help.output_excerpt.empty()) {
    bool const shows_marked = help.marked_line >= help.excerpt_line;
    append_block(
        out, heading_of_output(help), "output",
        escaped_lines(lines_of(help.output_excerpt),
                      shows_marked ? help.marked_line - help.excerpt_line + 1 : 0, "mark"));
  }
  append_errors(out, "Traceback", help.traceback);
  append_errors(out, "Its last lines on standard error", help.stderr_lines);
  out += "</section>\n";
}

void append_foot(std::string& out, content const& page) {
  out += "<footer>\n<nav><a href=\"/\">Home</a>";
  if (!page.inspected.empty()) {
    out += " <a href=\"" + base::html_escaped(page.inspected) +
           "\">This exchange in the inspector</a>";
  }
  out += "</nav>\n";
  std::string foot;
  if (!page.reason.empty()) foot += "<code>" + base::html_escaped(page.reason) + "</code>";
  if (!page.diagnosis.explanation.empty() || !page.detail.empty()) {
    foot += " \xC2\xB7 Details are shown to clients on the server\xE2\x80\x99s own machine only.";
  }
  if (!foot.empty()) out += "<p>" + foot + "</p>\n";
  out += "</footer>\n";
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
  append_foot(out, page);
  if (has_script(page)) out.append("<script>").append(script).append("</script>\n");
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
                            bool client_is_loopback, std::string_view inspected) {
  bool const for_client_here = request != nullptr
                                   ? http::is_from_this_machine(*request, client_is_loopback)
                                   : client_is_loopback;
  auto page = content_of(error, for_client_here);
  page.inspected = inspected;
  auto const form =
      preferred_error_form(request != nullptr ? request->fields.combined("Accept") : "");
  http::response response;
  response.status = error.status;
  response.fields = error.fields;
  response.close = error.close;
  response.fields.set("Content-Security-Policy", policy);
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
      if (has_script(page)) response.fields.set("Content-Security-Policy", policy_with_script);
      response.body = http::make_buffer(html_text(page));
      break;
  }
  response.fields.set("X-Content-Type-Options", "nosniff");
  response.fields.set("Cache-Control", "no-store");
  return response;
}

}  // namespace gatehouse::app
