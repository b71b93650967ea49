// The request composer: fields that become the bytes of one request, which the server then runs
// through its own connection code.

import { bytesOf, isPlain, isText, rawView, textOf } from "./bytes.js";
import { element } from "./element.js";
import { presets } from "./presets.js";
import { requestBytes, send } from "./sending.js";
import { bytes as byteCount } from "./units.js";

const encoder = new TextEncoder();

// Whether it is text in which every line ends in CR LF, as in a body of several parts.
function hasCrlf(bytes) {
  const ends = textOf(bytes).match(/\r\n|\r|\n/g) ?? [];
  return isPlain(bytes) && ends.length > 0 && ends.every((end) => end === "\r\n");
}

export class Composer {
  #form = document.querySelector("#compose");
  #parts = Object.fromEntries(
    ["method", "target", "fields", "body", "crlf"].map((id) => [
      id,
      document.querySelector(`#${id}`),
    ]),
  );
  #preview = document.querySelector("#preview");
  #note = document.querySelector("#body-note");
  #sent = document.querySelector("#sent");
  #known;
  #programs = [];
  #lack = ""; // what is missing of the body, until something is typed there
  #changes = []; // what is sent otherwise than it was recorded
  #binary = null; // a body that cannot be typed; sent as it is until something is typed

  // onsent(id): called with the id of the exchange that was made. known(): {paths, files} that were
  // asked for lately.
  constructor(onsent, known) {
    this.onsent = onsent;
    this.#known = known;
    this.#offerPresets();
    this.#form.addEventListener("input", (event) => {
      if (event.target === this.#parts.body) {
        this.#binary = null;
        this.#lack = "";
      }
      this.#show();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    // A form of several lines is sent from the keyboard as elsewhere: Ctrl and Enter.
    this.#form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#form.requestSubmit();
    });
    this.#show();
  }

  focus() {
    this.#offerTargets();
    this.#parts.target.focus();
  }

  // The programs that there are, and what was asked for before.
  async #offerTargets() {
    const list = document.querySelector("#targets");
    await this.#askForPrograms();
    const targets = new Set([...this.#programs, ...this.#known().paths]);
    list.replaceChildren(...[...targets].map((value) => element("option", { value })));
  }

  async #askForPrograms() {
    const answer = await fetch("programs", { cache: "no-store" }).catch(() => null);
    if (answer?.ok) this.#programs = (await answer.json()).programs;
  }

  #offerPresets() {
    const buttons = Object.entries(presets).map(([name, make]) =>
      element("button", { type: "button", class: "plain", onclick: () => this.#begin(make) }, name),
    );
    document.querySelector("#presets").append(...buttons);
  }

  #begin(make) {
    const { files, paths } = this.#known();
    const seen = paths.filter((path) => path.startsWith("/cgi-bin/"));
    const programs = this.#programs.length > 0 ? this.#programs : seen;
    const made = make({ files, programs, target: this.#parts.target.value });
    this.fill({ ...made, body: encoder.encode(made.body), lack: "", changes: [] });
    this.#parts.crlf.checked = made.crlf ?? false;
    this.#show();
  }

  fill(draft) {
    const crlf = hasCrlf(draft.body);
    const typed = crlf || isText(draft.body);
    this.#parts.method.value = draft.method;
    this.#parts.target.value = draft.target;
    this.#parts.fields.value = draft.lines.join("\n");
    this.#parts.body.value = typed ? textOf(draft.body).replaceAll("\r\n", "\n") : "";
    this.#parts.crlf.checked = crlf;
    this.#binary = typed ? null : draft.body;
    this.#lack = draft.lack;
    this.#changes = draft.changes;
    this.#sent.replaceChildren();
    this.#show();
  }

  #request() {
    const { method, target, fields, body, crlf } = this.#parts;
    const typed = crlf.checked ? body.value.replaceAll("\n", "\r\n") : body.value;
    const lines = fields.value.split("\n").filter((line) => line !== "");
    const draft = {
      method: method.value,
      target: target.value,
      lines,
      body: this.#binary ?? encoder.encode(typed),
    };
    return requestBytes(draft, location.host);
  }

  #show() {
    const { bytes, added } = this.#request();
    this.#preview.replaceChildren(...rawView(bytes, { label: "What will be sent", marks: added }));
    const notes = [...this.#changes];
    if (this.#lack) notes.push(`${this.#lack} What is in the box above is what is sent: type it there.`);
    if (this.#binary)
      notes.push(
        `The body is ${byteCount(this.#binary.length)} that cannot be typed. They are sent as they are, unless you type here.`,
      );
    this.#note.textContent = notes.join(" ");
    this.#note.hidden = notes.length === 0;
  }

  async #send() {
    this.#sent.textContent = "Sending …";
    try {
      this.#answered(await send(this.#request().bytes));
    } catch (error) {
      this.#sent.textContent = `It was not sent: ${error.message}.`;
    }
  }

  #answered({ id, response, note }) {
    this.#sent.replaceChildren();
    if (note) {
      const text = document.createElement("p");
      text.textContent = note;
      this.#sent.append(text);
    }
    if (response?.size > 0 && (note || id === null)) {
      this.#sent.append(...rawView(bytesOf(response), { label: "What came back" }));
    } else if (id === null && !note) {
      this.#sent.textContent = "Nothing came back.";
    }
    if (id !== null && !note) this.onsent(id);
    else if (id !== null) this.#linkTo(id);
  }

  #linkTo(id) {
    const link = document.createElement("a");
    link.href = `#${id}`;
    link.textContent = `Show exchange ${id}`;
    this.#sent.append(link);
  }
}
