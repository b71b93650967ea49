// The list of exchanges, newest first: rows are kept and updated, so that what has the focus keeps it.

import { element } from "./element.js";
import { duration } from "./units.js";

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
    const part = (name) => element("span", { class: name });
    const row = {
      id,
      status: part("status"),
      method: part("method"),
      target: part("target"),
      facts: part("facts"),
    };
    row.link = element(
      "a",
      { href: `#${id}` },
      row.method,
      " ",
      row.target,
      " ",
      row.status,
      " ",
      row.facts,
    );
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
  put(row.method, summary.method || "?");
  put(row.target, summary.target || "(no request line)");
  put(row.status, summary.status === 0 ? "…" : String(summary.status));
  put(row.facts, facts(summary));
  row.link.classList.toggle("failed", summary.status >= 500 || summary.failed_late);
  row.link.classList.toggle("open", summary.state === "open");
  if (isShown) row.link.setAttribute("aria-current", "true");
  else row.link.removeAttribute("aria-current");
}

// Only what differs is touched: a screen reader in the row is not disturbed.
function put(part, text) {
  if (part.textContent !== text) part.textContent = text;
}

function facts(summary) {
  const taken = summary.ms === null ? "open" : duration(summary.ms * 1000);
  const late = summary.failed_late ? " · answered, then failed" : "";
  return `${summary.id} · ${clockTime(summary.began)} · ${summary.kind} · ${taken}${late}`;
}

function clockTime(stamp) {
  const time = new Date(stamp);
  return Number.isNaN(time.getTime()) ? stamp : time.toLocaleTimeString("en-GB");
}
