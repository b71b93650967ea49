// The request composer: fields that become the bytes of one request, which the server then runs
// through its own connection code.

import { bytesOf, isText, rawView, textOf } from "./bytes.js";
import { requestBytes, send } from "./sending.js";
import { bytes as byteCount } from "./units.js";

const encoder = new TextEncoder();

export class Composer {
  #form = document.querySelector("#compose");
  #parts = Object.fromEntries(
    ["method", "target", "fields", "body"].map((id) => [id, document.querySelector(`#${id}`)]),
  );
  #preview = document.querySelector("#preview");
  #note = document.querySelector("#body-note");
  #sent = document.querySelector("#sent");
  #binary = null; // a body that cannot be typed; sent as it is until something is typed

  // onsent(id): called with the id of the exchange that was made.
  constructor(onsent) {
    this.onsent = onsent;
    this.#form.addEventListener("input", (event) => {
      if (event.target === this.#parts.body) this.#binary = null;
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
    this.#parts.target.focus();
  }

  fill(draft) {
    const typed = isText(draft.body);
    this.#parts.method.value = draft.method;
    this.#parts.target.value = draft.target;
    this.#parts.fields.value = draft.lines.join("\n");
    this.#parts.body.value = typed ? textOf(draft.body) : "";
    this.#binary = typed ? null : draft.body;
    this.#sent.replaceChildren();
    this.#show(draft.cut);
  }

  #request() {
    const { method, target, fields, body } = this.#parts;
    const lines = fields.value.split("\n").filter((line) => line !== "");
    const draft = {
      method: method.value,
      target: target.value,
      lines,
      body: this.#binary ?? encoder.encode(body.value),
    };
    return requestBytes(draft, location.host);
  }

  #show(cut = 0) {
    const { bytes, added } = this.#request();
    this.#preview.replaceChildren(...rawView(bytes, { label: "What will be sent", marks: added }));
    const notes = [];
    if (cut > 0)
      notes.push(
        `Of the ${byteCount(cut)} of its body only the first ones were kept; these are filled in.`,
      );
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
