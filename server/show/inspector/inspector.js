// The inspector's page: which exchange is shown, and the keys. The fragment of the address says what
// was chosen: "#12" an exchange, "#new" the composer, nothing: the newest.

import { Composer, draftOf } from "./composer.js";
import { showExchange } from "./exchange.js";
import { Feed } from "./feed.js";
import { List } from "./list.js";
import { count, roundBytes } from "./units.js";

const refreshOpenMs = 1000;
const announceMs = 1000;
const paintAfterMs = 100;

// What a page pulls in: it does not take the place of the page while the newest is followed.
const pieceOfAPage = /\.(css|m?js|map|ico|svg|png|jpe?g|gif|webp|avif|woff2?)(\?|$)/i;

const find = (id) => document.getElementById(id);
const feed = new Feed();
const list = new List(find("list"));
const composer = new Composer((id) => (location.hash = `#${id}`));

let shown = null; // the exchange that stands on the page
let wanted = null; // the id that is to stand there
let asked = ""; // the id and the state that were read last
let refreshing = 0;

function chosen() {
  const fragment = location.hash.slice(1);
  return /^\d+$/.test(fragment) ? Number(fragment) : fragment === "new" ? "new" : null;
}

function isNarrow() {
  return matchMedia("(max-width: 56rem)").matches;
}

function matches(summary) {
  const text = find("filter-text").value.trim().toLowerCase();
  const status = new FormData(find("filter")).get("status");
  if (text && !`${summary.method} ${summary.target}`.toLowerCase().includes(text)) return false;
  if (status === "open") return summary.state === "open";
  return status === "" || String(summary.status).startsWith(status);
}

function filtered() {
  return feed.newestFirst.filter(matches);
}

let painting = false;

// Many changes within a moment are shown at once.
function paint() {
  if (painting) return;
  painting = true;
  setTimeout(() => {
    painting = false;
    paintNow();
  }, paintAfterMs);
}

function newest(summaries) {
  const whole = summaries.find((summary) => !pieceOfAPage.test(summary.target));
  return (whole ?? summaries[0])?.id ?? null;
}

function paintNow() {
  const choice = chosen();
  const summaries = filtered();
  const id = choice === null ? newest(summaries) : choice;
  document.body.dataset.step = choice === null && feed.exchanges.size > 0 ? "list" : "detail";
  list.show(summaries, id);
  paintSide(summaries);
  paintMain(choice, id);
}

function paintSide(summaries) {
  const nothing = find("nothing");
  const total = feed.exchanges.size;
  nothing.hidden = summaries.length > 0;
  nothing.textContent =
    total === 0
      ? "Waiting for the first exchange."
      : `None of ${count(total, "exchange", "exchanges")} matches.`;
  find("limits").textContent = limitsText();
}

function limitsText() {
  if (feed.keptLimit === 0) return "";
  const kept = `Kept: the last ${count(feed.keptLimit, "exchange", "exchanges")}, and ${roundBytes(feed.bytesLimit)} of each body.`;
  if (feed.forgotten === 0) return kept;
  return `${kept} ${count(feed.forgotten, "older one is", "older ones are")} forgotten.`;
}

function paintMain(choice, id) {
  find("composer").hidden = choice !== "new";
  find("empty").hidden = id !== null;
  find("exchange").hidden = typeof id !== "number";
  find("back").textContent = isNarrow() ? "All exchanges" : "Back to the newest";
  find("back").parentElement.hidden = choice === null;
  want(typeof id === "number" ? id : null);
}

// Reads an exchange when it is wanted, and again when it has ended.
function want(id) {
  const key = `${id} ${feed.exchanges.get(id)?.state}`;
  if (wanted !== id) scrollTo(0, 0);
  wanted = id;
  if (asked === key) return;
  asked = key;
  if (id !== null) load(id);
}

async function load(id) {
  clearTimeout(refreshing);
  try {
    const answer = await fetch(`exchanges/${id}`, { cache: "no-store" });
    if (wanted !== id) return;
    if (answer.ok) take(await answer.json());
    else
      missing(
        id,
        answer.status === 404
          ? "is not kept: it has been forgotten, or has not happened yet."
          : `cannot be read: the server answered ${answer.status}.`,
      );
  } catch {
    if (wanted === id && shown?.id !== id)
      missing(id, "cannot be read: the server does not answer.");
  }
}

function take(exchange) {
  if (wanted !== exchange.id) return;
  shown = exchange;
  document.title = `${exchange.method} ${exchange.target} · Inspector · Gatehouse`;
  showExchange(find("exchange"), exchange, { edit, copy });
  if (exchange.state === "open")
    refreshing = setTimeout(() => wanted === exchange.id && load(exchange.id), refreshOpenMs);
}

function missing(id, why) {
  if (shown?.id === id) return;
  shown = null;
  const text = document.createElement("p");
  text.className = "lead";
  text.textContent = `Exchange ${id} ${why}`;
  find("exchange").replaceChildren(text);
}

let toSay = [];
let saying = 0;

// One sentence for what came within a moment, however much it was.
function say(text) {
  toSay.push(text);
  if (saying) return;
  saying = setTimeout(() => {
    find("status").textContent =
      toSay.length > 2 ? `${toSay.length} changes, the last: ${toSay.at(-1)}` : toSay.join(". ");
    toSay = [];
    saying = 0;
  }, announceMs);
}

function sayChange(summary) {
  if (summary?.state === "done")
    say(
      `Exchange ${summary.id}: ${summary.method} ${summary.target}, ${summary.status || "no answer"}`,
    );
}

function edit(exchange) {
  composer.fill(draftOf(exchange));
  location.hash = "#new";
}

async function copy(text, button) {
  const done = await copied(text);
  const label = button.dataset.label ?? button.textContent;
  button.dataset.label = label;
  button.textContent = done ? "Copied" : "The browser did not allow it";
  say(done ? "Copied" : "Not copied");
  setTimeout(() => (button.textContent = label), 1500);
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text);
  }
}

// Where the page did not come from this machine there is no clipboard but this one.
function copiedBySelection(text) {
  const area = document.createElement("textarea");
  area.className = "hidden";
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

// Through the list from what is shown, down to older ones.
function move(by) {
  const ids = filtered().map((summary) => summary.id);
  const at = ids.indexOf(wanted);
  const next = ids[at < 0 ? 0 : at + by];
  if (next === undefined) return;
  location.hash = `#${next}`;
  list.focus(next);
}

function leave() {
  if (document.activeElement === find("filter-text")) {
    find("filter").reset();
    document.activeElement.blur();
    paint();
  } else if (chosen() !== null) {
    location.hash = "";
  }
}

const keys = {
  j: () => move(1),
  k: () => move(-1),
  n: () => (location.hash = "#new"),
  "/": () => {
    if (isNarrow()) location.hash = "";
    find("filter-text").focus();
  },
};

function pressed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  if (event.key === "Escape") return leave();
  if (event.target.closest("input:not([type=radio]), textarea, select")) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

// Whoever reads in the newest has chosen it: the next one does not push it away.
function stay() {
  if (chosen() !== null || wanted === null) return;
  history.replaceState(null, "", `#${wanted}`);
  paintNow();
}

function goTo() {
  paintNow();
  if (chosen() === "new") composer.focus();
}

function fillAddresses() {
  const example = `curl -i '${location.origin}/cgi-bin/env.sh/some/path?tea=1'`;
  find("server").textContent = location.host;
  find("empty-page").textContent = `${location.origin}/`;
  find("empty-curl").textContent = example;
  find("empty-copy").addEventListener("click", (event) => copy(example, event.currentTarget));
}

function follow() {
  feed.addEventListener("change", ({ detail }) => {
    // A new list may come from a server that was started anew, with the same numbers.
    if (detail === null && wanted !== null) load(wanted);
    sayChange(detail);
    paint();
  });
  feed.addEventListener("connection", ({ detail }) => {
    find("connection").textContent = detail ? "live" : "not connected; trying again";
    find("connection").className = detail ? "live" : "lost";
    say(detail ? "Connected" : "The connection is lost");
  });
  feed.follow();
}

addEventListener("hashchange", goTo);
addEventListener("keydown", pressed);
for (const sign of ["pointerdown", "focusin", "wheel", "touchmove"])
  find("exchange").addEventListener(sign, stay, { passive: true });
find("filter").addEventListener("input", paint);
find("filter").addEventListener("submit", (event) => event.preventDefault());
fillAddresses();
follow();
goTo();
