// Which exchanges the list shows: those of the chosen kind that hold the text. What a summary holds
// is looked for here; what only the server has (fields, standard error, bodies) is asked of it.

import { hasFailed, isFile, isScript } from "./summary.js";

const askAfterMs = 250;

const kinds = { scripts: isScript, files: isFile, failed: hasFailed, all: () => true };

export class Filter {
  #form;
  #text;
  #isChosen = false; // whether somebody has chosen a kind
  #changed;
  #found = { text: "", ids: new Set() };
  #asking = 0;

  // changed(): called when other exchanges may match.
  constructor(form, changed) {
    this.#form = form;
    this.#text = form.querySelector("[type=search]");
    this.#changed = changed;
    form.addEventListener("submit", (event) => event.preventDefault());
    // A click on the kind that is shown already is a choice, too, and no input.
    form.addEventListener("click", ({ target }) => {
      if (target.name === "kind") this.#isChosen = true;
    });
    form.addEventListener("input", () => {
      this.#askSoon();
      changed();
    });
  }

  get input() {
    return this.#text;
  }

  get kind() {
    return this.#form.elements.kind.value;
  }

  // Until somebody chooses: the scripts, where there are any. Whoever looks for a text, or at an
  // exchange (its summary) that is no script's, wants to see all.
  suggestKind(summaries, looksAt) {
    if (this.#isChosen) return;
    const wantsAll = this.#wanted() !== "" || (looksAt && !isScript(looksAt));
    this.#form.elements.kind.value = !wantsAll && summaries.some(isScript) ? "scripts" : "all";
  }

  showAll() {
    this.#isChosen = true;
    this.#form.elements.kind.value = "all";
    this.#changed();
  }

  matches(summary) {
    if (!kinds[this.kind](summary)) return false;
    const text = this.#wanted();
    return text === "" || holds(summary, text) || this.#isFound(summary.id, text);
  }

  reset() {
    this.#form.reset();
    this.#isChosen = false;
    this.#changed();
  }

  // To be called when an exchange has changed: it may hold the text now.
  news() {
    if (this.#wanted() !== "") this.#askSoon();
  }

  #wanted() {
    return this.#text.value.trim().toLowerCase();
  }

  #isFound(id, text) {
    return this.#found.text === text && this.#found.ids.has(id);
  }

  #askSoon() {
    clearTimeout(this.#asking);
    if (this.#wanted() !== "") this.#asking = setTimeout(() => this.#ask(), askAfterMs);
  }

  async #ask() {
    const text = this.#wanted();
    try {
      const answer = await fetch(`exchanges?contains=${encodeURIComponent(text)}`, {
        cache: "no-store",
      });
      if (!answer.ok || text !== this.#wanted()) return;
      this.#found = { text, ids: new Set((await answer.json()).ids) };
      this.#changed();
    } catch {
      // The feed says that the server does not answer.
    }
  }
}

function holds({ method, target, status, verdict, state }, text) {
  if (/^[1-5]xx$/.test(text)) return String(status)[0] === text[0];
  if (text === "open") return state === "open";
  return `${method} ${target} ${status} ${verdict}`.toLowerCase().includes(text);
}
