#include "gatehouse/files/listing_page.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <cstdio>
#include <vector>

#include "gatehouse/base/escape.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/percent.hpp"

namespace gatehouse::files {
namespace {

constexpr std::string_view style = R"(
:root { color-scheme: light dark; --bg: #fbfaf7; --text: #1d1d1b; --muted: #6b6a64; --line: #e3e0d8;
  --accent: #0f6b5c; --hover: #f2f0ea; }
@media (prefers-color-scheme: dark) {
  :root { --bg: #151614; --text: #e9e7e1; --muted: #9a988f; --line: #2d2e2a; --accent: #5cc7b2;
    --hover: #1d1f1c; } }
* { box-sizing: border-box; }
@media (min-width: 100rem) { html { font-size: 1.25rem; } }
body { margin: 0; background: var(--bg); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 3rem 1.5rem 4rem; }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.3; font-weight: 600; letter-spacing: -.01em;
  overflow-wrap: anywhere; }
body > svg { position: absolute; }
h1 a { display: inline-block; min-width: 1.5rem; text-decoration: underline;
  text-decoration-thickness: 1px; text-underline-offset: .2em; }
h1 a:first-child { margin-left: -.5rem; text-align: center; }
h1 i { margin: 0 .2em; color: var(--muted); font-style: normal; font-weight: 400; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; text-underline-offset: .2em; }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
h1 b { font-weight: 600; }
p { margin: .25rem 0 0; color: var(--muted); }
nav { display: flex; gap: 1.5rem; margin-top: 1.5rem; color: var(--muted); }
form { margin-top: 1.25rem; color: var(--muted); font-size: .875rem; }
[hidden] { display: none; }
input { width: min(20rem, 100%); min-height: 2.25rem; margin: 0 .75rem 0 .5rem; padding: 0 .7rem; font: inherit;
  color: var(--text); background: var(--bg); border: 1px solid var(--muted); border-radius: 6px; }
input:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
table { width: 100%; margin-top: 1.75rem; border-collapse: collapse; }
th { padding: .5rem .75rem; border-bottom: 1px solid var(--line); text-align: left; font-weight: 500;
  font-size: .8125rem; white-space: nowrap; }
th a { display: inline-block; min-width: 1.5rem; line-height: 1.5rem; color: var(--muted); }
th[aria-sort] a { color: var(--text); }
th small { font-size: inherit; color: var(--muted); }
td { padding: 0 .75rem; border-bottom: 1px solid var(--line); white-space: nowrap; vertical-align: top; }
tbody tr:hover { background: var(--hover); }
td:nth-child(n+2) { padding-top: .55rem; padding-bottom: .55rem; font: .875rem/1.5rem ui-monospace, monospace;
  color: var(--muted); font-variant-numeric: tabular-nums; }
th:nth-child(2), td:nth-child(2) { width: 1%; text-align: right; }
th:nth-child(3), td:nth-child(3) { width: 1%; padding-left: 1.5rem; }
td:first-child { width: 100%; white-space: normal; overflow-wrap: anywhere; }
td a { display: flex; gap: .65rem; padding: .55rem 0; color: var(--text); }
td a.d { color: var(--accent); font-weight: 500; }
td svg { flex: none; width: 1.125rem; height: 1.5rem; fill: none; stroke: var(--muted); stroke-width: 1.4;
  stroke-linejoin: round; }
td a.d svg { stroke: var(--accent); fill: color-mix(in srgb, var(--accent) 16%, transparent); }
.empty { margin-top: 1.75rem; padding: 3rem 1.5rem; border: 1px dashed var(--line); border-radius: 8px;
  text-align: center; }
@media (max-width: 36rem) {
  main { padding: 1.75rem 1rem 3rem; }
  h1 { font-size: 1.25rem; }
  th, td { padding-left: 0; padding-right: 0; }
  td:nth-child(n+2) { font-size: .8125rem; }
  th:nth-child(2), td:nth-child(2) { padding-left: .75rem; }
  th:nth-child(3), td:nth-child(3) { padding-left: 1rem; }
  td span, th small { display: none; } }
)";

constexpr std::string_view icons = R"(<svg width="0" height="0" aria-hidden="true">
<symbol id="d" viewBox="0 0 18 24"><path d="M1.7 7.2v10.3q0 1 1 1h12.6q1 0 1-1V8.7q0-1-1-1H8.9L7.3 5.5H2.7q-1 0-1 1z"/></symbol>
<symbol id="f" viewBox="0 0 18 24"><path d="M4 4.2h6.3l4 4v10.6q0 1-1 1H4q-1 0-1-1V5.2q0-1 1-1zM10.3 4.4v3.9h3.8"/></symbol>
<symbol id="u" viewBox="0 0 18 24"><path d="M9 18.5v-12M4.2 11.2 9 6.4l4.8 4.8"/></symbol>
</svg>
)";

// Shows times in the reader's own time zone, which the server cannot know, and filters the rows of
// the page. Without it, times are in UTC and there is no filter.
constexpr std::string_view script = R"(const two = (number) => String(number).padStart(2, "0");
for (const time of document.querySelectorAll("time")) {
  const when = new Date(time.dateTime);
  time.title = time.dateTime;
  time.firstChild.data = `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
  time.lastChild.textContent = ` ${two(when.getHours())}:${two(when.getMinutes())}`;
}
const zone = document.querySelector("th small");
if (zone) zone.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone;
const form = document.querySelector("form");
if (form) {
  const rows = [...document.querySelectorAll("tbody tr")].filter((row) => row.querySelector("time"));
  const names = rows.map((row) => row.querySelector("bdi").textContent.toLowerCase());
  const filter = () => {
    const wanted = form.elements[0].value.trim().toLowerCase();
    const found = names.map((name) => name.includes(wanted));
    rows.forEach((row, at) => row.toggleAttribute("hidden", !found[at]));
    const count = found.filter(Boolean).length;
    form.lastChild.textContent = wanted && `${count} of ${rows.length}`;
  };
  form.onsubmit = () => false;
  form.oninput = filter;
  form.removeAttribute("hidden");
  filter();
}
)";

struct column {
  sort_key key;
  std::string_view word;  // in the query
  std::string_view title;
  bool descending_first;  // what the first click asks for
};

constexpr std::array<column, 3> columns = {{
    {sort_key::name, "name", "Name", false},
    {sort_key::size, "size", "Size", true},
    {sort_key::modified, "date", "Modified", true},
}};

// The parts of a time. The arrays have room for years of more than four digits.
struct iso_time {
  char date[24];  // 2026-05-01
  char time[24];  // 12:30
  char full[80];  // 2026-05-01T12:30:00Z
};

iso_time to_iso(std::chrono::sys_seconds when) {
  auto const midnight = std::chrono::floor<std::chrono::days>(when);
  std::chrono::year_month_day const day(midnight);
  std::chrono::hh_mm_ss const clock(when - midnight);
  iso_time out;
  std::snprintf(out.date, sizeof out.date, "%04d-%02u-%02u", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
  std::snprintf(out.time, sizeof out.time, "%02d:%02d", static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()));
  std::snprintf(out.full, sizeof out.full, "%sT%s:%02dZ", out.date, out.time,
                static_cast<int>(clock.seconds().count()));
  return out;
}

// A relative reference. With "./" at its front, a colon or a second slash in the name cannot make
// another kind of reference of it.
std::string href_of(listing_entry const& entry) {
  return "./" + http::percent_encoded_path(entry.name) + (entry.is_directory ? "/" : "");
}

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    auto const segment = path.substr(0, path.find('/'));
    if (!segment.empty()) segments.push_back(segment);
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
  }
  return segments;
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

// Adds a link for each directory in the path; the last one is the directory that is shown.
void append_breadcrumbs(std::string& page, std::vector<std::string_view> const& segments) {
  page += "<h1>";
  page += segments.empty() ? "<b>/</b>" : "<a href=\"/\">/</a>";
  std::string href = "/";
  for (std::size_t i = 0; i < segments.size(); ++i) {
    href += http::percent_encoded_path(segments[i]) + "/";
    auto const name = base::html_escaped(segments[i]);
    if (i > 0) page += "<i>/</i><wbr>";
    if (i + 1 == segments.size()) {
      page.append("<b>").append(name).append("</b>");
    } else {
      page.append("<a href=\"").append(base::html_escaped(href)).append("\">");
      page.append(name).append("</a>");
    }
  }
  page += "</h1>\n";
}

void append_summary(std::string& page, listing const& list) {
  if (list.entries.empty()) return;
  std::size_t const files = list.entries.size() - list.directories;
  page += "<p>";
  if (list.directories > 0) page += counted(list.directories, "directory", "directories");
  if (list.directories > 0 && files > 0) page += ", ";
  if (files > 0) page += counted(files, "file", "files") + ", " + human_size(list.size_bytes);
  page += "</p>\n";
}

void append_column_head(std::string& page, column const& c, sorting order) {
  bool const current = c.key == order.key;
  bool const next_descending = current ? !order.descending : c.descending_first;
  page += "<th scope=\"col\"";
  if (current) page += order.descending ? " aria-sort=\"descending\"" : " aria-sort=\"ascending\"";
  page.append("><a href=\"?sort=").append(c.word);
  page.append("&amp;order=").append(next_descending ? "desc" : "asc").append("\">");
  page.append(c.title);
  if (current) page += order.descending ? " \xE2\x86\x93" : " \xE2\x86\x91";
  page += "</a>";
  if (c.key == sort_key::modified) page += " <small>UTC</small>";
  page += "</th>";
}

void append_entry(std::string& page, listing_entry const& entry) {
  auto const when = to_iso(entry.modified);
  page += entry.is_directory ? "<tr><td><a class=\"d\" href=\"" : "<tr><td><a href=\"";
  page += base::html_escaped(href_of(entry));
  page += entry.is_directory ? "\"><svg><use href=\"#d\"/></svg><bdi>"
                             : "\"><svg><use href=\"#f\"/></svg><bdi>";
  page += base::html_escaped(entry.name);
  page += entry.is_directory ? "/</bdi></a></td><td></td><td>" : "</bdi></a></td><td title=\"";
  if (!entry.is_directory) {
    page += std::to_string(entry.size_bytes) + " bytes\">" + human_size(entry.size_bytes);
    page += "</td><td>";
  }
  page.append("<time datetime=\"").append(when.full).append("\">").append(when.date);
  page.append("<span> ").append(when.time).append("</span></time></td></tr>\n");
}

std::string_view word_for(sort_key key) {
  return std::find_if(columns.begin(), columns.end(), [&](column const& c) { return c.key == key; })
      ->word;
}

void append_page_link(std::string& page, sorting order, std::size_t number, std::string_view rel,
                      std::string_view text) {
  page.append("<a href=\"?sort=").append(word_for(order.key)).append("&amp;order=");
  page.append(order.descending ? "desc" : "asc").append("&amp;page=");
  page.append(std::to_string(number)).append("\" rel=\"").append(rel).append("\">");
  page.append(text).append("</a> ");
}

// Adds the links between the pages of a long listing.
void append_pages(std::string& page, sorting order, std::size_t number, std::size_t pages) {
  if (pages == 1) return;
  page += "<nav>";
  if (number > 1) append_page_link(page, order, number - 1, "prev", "\xE2\x86\x90 Previous");
  page += "<span>Page " + std::to_string(number) + " of " + std::to_string(pages) + "</span> ";
  if (number < pages) append_page_link(page, order, number + 1, "next", "Next \xE2\x86\x92");
  page += "</nav>\n";
}

// Whether the names of the page are too many to be seen at a glance.
bool has_filter(std::size_t shown) {
  return shown > base::limits::unfiltered_listing_entries;
}

// The script shows it.
void append_filter(std::string& page, std::size_t pages) {
  page += "<form hidden><label>";
  page += pages == 1 ? "Filter" : "Filter this page";
  page +=
      "<input type=\"search\" autocomplete=\"off\" spellcheck=\"false\"></label>"
      "<output></output></form>\n";
}

void append_table_head(std::string& page, listing const& list, sorting order, bool has_parent) {
  page += "<table>\n";
  if (!list.entries.empty()) {
    page += "<thead><tr>";
    for (column const& c : columns) append_column_head(page, c, order);
    page += "</tr></thead>\n";
  }
  page += "<tbody>\n";
  if (has_parent) {
    page +=
        "<tr><td><a class=\"d\" href=\"../\"><svg><use href=\"#u\"/></svg>Parent directory</a></td>"
        "<td></td><td></td></tr>\n";
  }
}

bool has_table(listing const& list, std::string_view url_path) {
  return !list.entries.empty() || !segments_of(url_path).empty();
}

// shown: how many entries this page has, of `pages`.
void append_html_head(std::string& page, listing const& list, listing_view const& view,
                      std::size_t shown, std::size_t pages) {
  auto const segments = segments_of(view.url_path);
  page +=
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>";
  page += segments.empty() ? "/" : base::html_escaped(segments.back()) + "/";
  page.append("</title>\n<style>").append(style).append("</style>\n</head>\n<body>\n");
  page.append(icons).append("<main>\n");
  append_breadcrumbs(page, segments);
  append_summary(page, list);
  if (has_filter(shown)) append_filter(page, pages);
  if (has_table(list, view.url_path)) append_table_head(page, list, view.order, !segments.empty());
}

void append_html_tail(std::string& page, listing const& list, listing_view const& view,
                      std::size_t pages) {
  if (has_table(list, view.url_path)) page += "</tbody>\n</table>\n";
  append_pages(page, view.order, view.page, pages);
  if (list.entries.empty()) page += "<p class=\"empty\">There is nothing in this directory.</p>\n";
  page += "</main>\n";
  if (!list.entries.empty()) page.append("<script>").append(script).append("</script>\n");
  page += "</body>\n</html>\n";
}

void append_json_head(std::string& text, listing_view const& view) {
  boost::json::string const path(base::valid_utf8(view.url_path));
  text.append("{\"path\":").append(boost::json::serialize(path)).append(",\"entries\":[");
}

void append_json_entry(std::string& text, listing_entry const& entry) {
  boost::json::object object;
  object["name"] = base::valid_utf8(entry.name);
  object["href"] = href_of(entry);
  object["type"] = entry.is_directory ? "directory" : "file";
  if (!entry.is_directory) object["size"] = entry.size_bytes;
  object["modified"] = to_iso(entry.modified).full;
  text += boost::json::serialize(object);
}

std::size_t pages_of(listing const& list, listing_view const& view) {
  constexpr auto most = base::limits::listing_page_entries;
  return view.as_json || list.entries.empty() ? 1 : (list.entries.size() + most - 1) / most;
}

}  // namespace

listing_text::listing_text(listing const& list, listing_view view)
    : list_(list), view_(std::move(view)), pages_(pages_of(list, view_)) {
  constexpr auto most = base::limits::listing_page_entries;
  view_.page = std::min(view_.page, pages_);
  first_ = next_ = view_.as_json ? 0 : (view_.page - 1) * most;
  end_ = view_.as_json ? list.entries.size() : std::min(list.entries.size(), first_ + most);
}

bool listing_text::append_next(std::string& to) {
  switch (part_) {
    case part::head:
      if (view_.as_json) {
        append_json_head(to, view_);
      } else {
        append_html_head(to, list_, view_, end_ - first_, pages_);
      }
      part_ = next_ == end_ ? part::tail : part::entries;
      return true;
    case part::entries:
      append_entries(to);
      if (next_ == end_) part_ = part::tail;
      return true;
    case part::tail:
      if (view_.as_json) {
        to += "]}\n";
      } else {
        append_html_tail(to, list_, view_, pages_);
      }
      part_ = part::end;
      return true;
    case part::end:
      break;
  }
  return false;
}

void listing_text::append_entries(std::string& to) {
  auto const until = std::min(end_, next_ + base::limits::listing_entries_at_once);
  for (; next_ < until; ++next_) {
    if (!view_.as_json) {
      append_entry(to, list_.entries[next_]);
      continue;
    }
    if (next_ > first_) to += ',';
    append_json_entry(to, list_.entries[next_]);
  }
}

std::string whole_text(listing const& list, listing_view view) {
  std::string text;
  listing_text pieces(list, std::move(view));
  while (pieces.append_next(text)) continue;
  return text;
}

std::string human_size(std::uint64_t bytes) {
  constexpr std::array<char const*, 7> units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // From 1023.5 on, the value would be printed as 1024.
  for (; value >= 1023.5 && unit + 1 < units.size(); ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value,
                units[unit]);
  return text;
}

}  // namespace gatehouse::files
