// The list of exchanges, newest first, each on one line: rows are kept and updated, so that what has
// the focus keeps it.

import { element } from "./element.js";
import { gravityOf, isFile, isPieceOfAPage, signOf } from "./summary.js";
import { duration } from "./units.js";

// Of a long path this much of its end is always seen.
const tailLength = 11;

export class List {
  #list;
  #rows = new Map(); // id -> {item, link, and the parts of its text}
  #shown = null;

  constructor(list) {
    this.#list = list;
    list.addEventListener("keydown", (event) => this.#arrows(event));
  }

  // summaries: newest first, those that match the filter; shown: the id of the one shown, or null.
  show(summaries, shown) {
    const wanted = new Set(summaries.map((summary) => summary.id));
    for (const [id, row] of this.#rows) {
      if (wanted.has(id)) continue;
      row.item.remove();
      this.#rows.delete(id);
    }
    let before = this.#list.firstElementChild;
    for (const summary of summaries) {
      const row = this.#rows.get(summary.id) ?? this.#add(summary.id);
      if (row.item === before) before = before.nextElementSibling;
      else this.#list.insertBefore(row.item, before);
      fill(row, summary, summary.id === shown);
    }
    this.#oneTabStop(shown);
    if (shown !== this.#shown) this.#rows.get(shown)?.item.scrollIntoView({ block: "nearest" });
    this.#shown = shown;
  }

  focus(id) {
    this.#rows.get(id)?.link.focus({ preventScroll: false });
  }

  #add(id) {
    const names = ["status", "method", "directory", "front", "tail", "pin"];
    const row = Object.fromEntries(names.map((name) => [name, element("span", { class: name })]));
    const target = element("span", { class: "target" }, row.directory, row.front, row.tail);
    row.link = element("a", { href: `#${id}` }, [
      row.status,
      " ",
      row.method,
      " ",
      target,
      " ",
      row.pin,
    ]);
    row.item = element("li", {}, row.link);
    this.#rows.set(id, row);
    return row;
  }

  #oneTabStop(shown) {
    const links = [...this.#list.querySelectorAll("a")];
    const stop = this.#rows.get(shown)?.link ?? links[0];
    for (const link of links) link.tabIndex = link === stop ? 0 : -1;
  }

  #arrows(event) {
    const to = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const link = to && event.target.closest("li")?.[to]?.querySelector("a");
    if (!link) return;
    event.preventDefault();
    link.focus();
    location.hash = link.hash;
  }
}

function fill(row, summary, isShown) {
  const [sign, kind] = signOf(summary);
  const target = summary.target || "(no request line)";
  const [, directory, rest] = /^(\/cgi-bin\/)?(.*)$/s.exec(target);
  const cut = rest.length > tailLength ? rest.length - tailLength : rest.length;
  put(row.status, sign);
  put(row.method, summary.method || "?");
  put(row.directory, directory ?? "");
  put(row.front, rest.slice(0, cut));
  put(row.tail, rest.slice(cut));
  put(row.pin, summary.pinned ? "◆" : "");
  const piece = isFile(summary) && isPieceOfAPage(summary) ? "piece" : "";
  row.link.className = [kind, gravityOf(summary), piece].filter(Boolean).join(" ");
  name(row.link, facts(summary, target));
  if (isShown) row.link.setAttribute("aria-current", "true");
  else row.link.removeAttribute("aria-current");
}

// Only what differs is touched: a screen reader in the row is not disturbed.
function put(part, text) {
  if (part.textContent !== text) part.textContent = text;
}

// What there is no room for on the line: for those who point at it, and as its description.
function name(link, text) {
  if (link.title === text) return;
  link.title = text;
}

function facts({ id, method, verdict, began, kind, ms, pinned }, target) {
  const parts = [
    `${method || "?"} ${target}`,
    verdict,
    `exchange ${id}`,
    clockTime(began),
    kind,
    ms === null ? "open" : duration(ms * 1000),
    pinned ? "pinned" : "",
  ];
  return parts.filter(Boolean).join(" · ");
}

function clockTime(stamp) {
  const time = new Date(stamp);
  return Number.isNaN(time.getTime()) ? stamp : time.toLocaleTimeString("en-GB");
}
