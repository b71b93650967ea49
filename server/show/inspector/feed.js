// The exchanges as the server has them: the list, then every change as it happens. After a broken
// connection the list is read anew, so nothing is missed and a restarted server is not mixed with
// what it was before.


const retryAfterMs = 2000;

// Of the requests that the tour makes by itself.
const keptOfTour = 20;

// Events: "change" (detail: the summary, or null if the whole list is new), "connection".
export class Feed extends EventTarget {
  exchanges = new Map(); // id -> summary, oldest first
  forgotten = 0;
  keptLimit = 0;
  bytesLimit = 0;
  connected = false;
  #meanwhile = null; // what arrives while the list is being read

  follow() {
    const events = new EventSource("events");
    events.addEventListener("open", () => this.#reload(events));
    events.addEventListener("exchange", (message) => this.#arrived(JSON.parse(message.data)));
    events.addEventListener("error", () => {
      this.#connection(false);
      // An answer other than an event stream ends an EventSource for good.
      if (events.readyState === EventSource.CLOSED) setTimeout(() => this.follow(), retryAfterMs);
    });
  }

  get newestFirst() {
    return [...this.exchanges.values()].reverse();
  }

  async #reload(events) {
    this.#meanwhile = [];
    try {
      const answer = await fetch("exchanges", { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      this.#take(await answer.json());
      this.#connection(true);
    } catch {
      this.#meanwhile = null;
      events.close();
      this.#connection(false);
      setTimeout(() => this.follow(), retryAfterMs);
    }
  }

  #take(list) {
    this.keptLimit = list.kept_limit;
    this.bytesLimit = list.bytes_limit;
    this.forgotten = list.forgotten;
    this.exchanges = new Map(list.exchanges.map((summary) => [summary.id, summary]));
    for (const summary of this.#meanwhile ?? []) this.#put(summary);
    this.#meanwhile = null;
    this.#tell("change", null);
  }

  #arrived(summary) {
    if (this.#meanwhile) this.#meanwhile.push(summary);
    else if (this.#put(summary)) this.#tell("change", summary);
  }

  // Whether it is news.
  #put(summary) {
    if (this.exchanges.get(summary.id)?.state === "done" && summary.state === "open") return false;
    this.exchanges.set(summary.id, summary);
    this.#forget((other) => !other.tour && !other.pinned, this.keptLimit);
    this.#forget((other) => other.tour && !other.pinned, keptOfTour);
    return true;
  }

  // As the server does it: the oldest ones go. What is pinned stays.
  #forget(counts, limit) {
    const ids = [...this.exchanges.values()].filter(counts).map(({ id }) => id);
    if (limit === 0) return;
    for (const id of ids.slice(0, Math.max(ids.length - limit, 0))) {
      this.exchanges.delete(id);
      ++this.forgotten;
    }
  }

  #connection(is) {
    this.connected = is;
    this.#tell("connection", is);
  }

  #tell(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }
}
