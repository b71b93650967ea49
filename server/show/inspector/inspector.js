// The inspector's page: which exchange is shown, and the keys. The fragment of the address says what
// was chosen: "#12" an exchange, "#new" the composer, nothing: the newest.

import { announcer } from "./announcer.js";
import { copy } from "./clipboard.js";
import { Composer } from "./composer.js";
import { element } from "./element.js";
import { showExchange } from "./exchange.js";
import { Feed } from "./feed.js";
import { Filter } from "./filter.js";
import { List } from "./list.js";
import { draftOf, recordedBytes, send } from "./sending.js";
import { goToStage } from "./stages.js";
import { isFile, isPieceOfAPage, isScript } from "./summary.js";
import { count, roundBytes } from "./units.js";
import { restoreSections } from "./variables.js";

const refreshOpenMs = 1000;
const paintAfterMs = 100;

const find = (id) => document.getElementById(id);
const feed = new Feed();
const list = new List(find("list"));
const filter = new Filter(find("filter"), paint);
const say = announcer(find("status"));
const composer = new Composer((id) => (location.hash = `#${id}`), known);

let shown = null; // the exchange that stands on the page
let wanted = null; // the id that is to stand there
let asked = { id: null, news: null }; // the exchange that was asked for last, and what was news then
let reads = 0; // how often one was asked for
let taken = 0; // the number of the answer that is shown
let refreshing = 0;
let opener = null; // what had the focus when the composer was opened; null while it is closed
let expected = null; // the request that is being sent again: {after: id, of: "METHOD target"}

function chosen() {
  const fragment = location.hash.slice(1);
  return /^\d+$/.test(fragment) ? Number(fragment) : fragment === "new" ? "new" : null;
}

// What the composer may offer: the newest first, each once.
function known() {
  const targets = (some) => [...new Set(some.map(({ target }) => target))].filter(Boolean);
  return {
    paths: targets(feed.newestFirst),
    files: targets(feed.newestFirst.filter((one) => isFile(one) && one.status === 200)),
  };
}

function isNarrow() {
  return matchMedia("(max-width: 56rem)").matches;
}

function filtered() {
  filter.suggestKind(feed.newestFirst, feed.exchanges.get(chosen()));
  return feed.newestFirst.filter((summary) => filter.matches(summary));
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

// A script is what one mostly looks for; else the page, not what it pulls in.
function newest(summaries) {
  const whole = summaries.find((summary) => !isPieceOfAPage(summary));
  return (summaries.find(isScript) ?? whole ?? summaries[0])?.id ?? null;
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
  paintOthers(total - summaries.length);
  find("limits").textContent = limitsText();
}

// What the suggested kind leaves out must not look as if it had never come.
function paintOthers(left) {
  const others = find("others");
  others.hidden = left === 0 || filter.kind !== "scripts" || filter.input.value !== "";
  others.querySelector("span").textContent =
    `${count(left, "other exchange is", "other exchanges are")} left out.`;
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

// Reads an exchange when it is wanted, when it has ended, and at all news after that: its process may
// end later than the exchange. One that is open is read again and again anyway.
function want(id) {
  const summary = feed.exchanges.get(id);
  const news = summary?.state === "done" ? summary : `${summary?.state} ${summary?.pinned}`;
  if (wanted !== id) scrollTo(0, 0);
  wanted = id;
  if (asked.id === id && asked.news === news) return;
  asked = { id, news };
  if (id !== null) load(id);
}

async function load(id) {
  clearTimeout(refreshing);
  const number = ++reads;
  try {
    const answer = await fetch(`exchanges/${id}`, { cache: "no-store" });
    if (wanted !== id) return;
    if (answer.ok) take(await answer.json(), number);
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

function take(exchange, number) {
  if (wanted !== exchange.id || number < taken) return;
  taken = number;
  shown = exchange;
  document.title = `${exchange.method} ${exchange.target} · Inspector · Gatehouse`;
  showExchange(find("exchange"), exchange, actions);
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

function sayChange(summary) {
  if (summary?.state === "done")
    say(`Exchange ${summary.id}: ${requestOf(summary)}, ${summary.verdict}`);
}

function edit(exchange) {
  composer.fill(draftOf(exchange));
  location.hash = "#new";
}

const actions = { edit, again, pin, copy: (text, button) => copy(text, button, say) };

// Sends the recorded request again, and shows its exchange as soon as there is one.
async function again(exchange, button) {
  button.disabled = true;
  button.textContent = "Running …";
  expected = { after: Math.max(...feed.exchanges.keys(), 0), of: requestOf(exchange) };
  try {
    const { id } = await send(recordedBytes(exchange));
    if (id !== null && expected) location.hash = `#${id}`;
  } catch (error) {
    say(`It was not sent: ${error.message}`);
    button.title = error.message;
  }
  expected = null;
  button.disabled = false;
  button.textContent = "Run again";
}

function requestOf({ method, target }) {
  return `${method} ${target}`;
}

function goToExpected(summary) {
  if (!expected || !summary || summary.id <= expected.after) return;
  if (requestOf(summary) !== expected.of) return;
  expected = null;
  location.hash = `#${summary.id}`;
}

async function pin(id, wanted) {
  const headers = { Accept: "application/json", "Gatehouse-Inspector": "1" };
  const path = `exchanges/${id}/${wanted ? "pin" : "unpin"}`;
  const answer = await fetch(path, { method: "POST", headers }).catch(() => null);
  if (!answer?.ok) return notPinned(await reasonOf(answer));
  say(wanted ? "Pinned" : "Not pinned any more");
  await load(id);
  document.getElementById("pin")?.focus({ preventScroll: true });
}

// Why the server did not do it, in its own words.
async function reasonOf(answer) {
  const said = await answer?.json().catch(() => null);
  return said?.detail ?? `The server ${answer ? `answered ${answer.status}` : "does not answer"}.`;
}

// Says so beside the button.
function notPinned(reason) {
  const text = `Not pinned: ${reason}`;
  say(text);
  document.getElementById("pin-said")?.remove();
  document.getElementById("pin")?.after(element("span", { id: "pin-said", class: "note" }, text));
}

// Through the list from what is shown, down to older ones.
function move(by, focus = true) {
  const ids = filtered().map((summary) => summary.id);
  const at = ids.indexOf(wanted);
  const next = ids[at < 0 ? 0 : at + by];
  if (next === undefined) return;
  location.hash = `#${next}`;
  if (focus) list.focus(next);
}

function leave() {
  if (document.activeElement === filter.input) {
    filter.reset();
    filter.input.blur();
  } else if (chosen() !== null) {
    location.hash = "";
  }
}

// In the filter the arrows go through what it leaves, and Enter goes to the one that is shown.
function pressedInFilter(event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by) {
    event.preventDefault();
    move(chosen() === null ? 0 : by, isNarrow());
  } else if (event.key === "Enter" && wanted !== null) {
    location.hash = `#${wanted}`;
    find("detail").focus();
  }
}

function focusFilter() {
  if (isNarrow()) location.hash = "";
  filter.input.focus();
  filter.input.select();
}

function showLegend() {
  find("legend").showModal();
}

const pressButton = (selector) => find("exchange").querySelector(selector)?.click();

const keys = {
  j: () => move(1),
  k: () => move(-1),
  n: () => (location.hash = "#new"),
  r: () => pressButton(".again"),
  p: () => pressButton("#pin"),
  "/": focusFilter,
  "?": showLegend,
};

function pressed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") return leave();
  if (event.target === filter.input) return pressedInFilter(event);
  if (event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select")) return;
  const stage = /^[1-6]$/.test(event.key) && chosen() !== "new" ? Number(event.key) : 0;
  const act = stage > 0 ? () => goToStage(stage) : keys[event.key];
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

// Whoever leaves the composer for the list is back where it was opened.
function goTo() {
  const before = opener;
  const opens = chosen() === "new";
  opener = opens ? (before ?? document.activeElement) : null;
  paintNow();
  if (opens) composer.focus();
  else if (before !== null && chosen() === null) focusOpener(before);
}

// What stands in an exchange, or nowhere, is not the same any more: then the button that is always there.
function focusOpener(before) {
  const stands = before.matches("a, button") && before.checkVisibility();
  const isKept = stands && !find("exchange").contains(before);
  (isKept ? before : find("new-request")).focus({ preventScroll: true });
}

function fillAddresses() {
  const example = `curl -i '${location.origin}/cgi-bin/env.sh/some/path?tea=1'`;
  find("server").textContent = location.host;
  find("empty-page").textContent = `${location.origin}/`;
  find("empty-curl").textContent = example;
  find("empty-copy").addEventListener("click", (event) =>
    actions.copy(example, event.currentTarget),
  );
}

function follow() {
  feed.addEventListener("change", ({ detail }) => {
    // A new list may come from a server that was started anew, with the same numbers.
    if (detail === null && wanted !== null) load(wanted);
    sayChange(detail);
    goToExpected(detail);
    filter.news();
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
find("others").querySelector("button").addEventListener("click", () => filter.showAll());
find("show-legend").addEventListener("click", showLegend);
restoreSections();
fillAddresses();
follow();
goTo();
