// A body: its bytes as they are and, where its type is known, an image or a view over the whole
// window in which its text is set in order. Markup is only ever shown as text.

import { bytesOf, cutNote, isPlain, rawView, recordedView, textOf, visible } from "./bytes.js";
import { element } from "./element.js";
import { indentedJson, indentedMarkup } from "./format.js";
import { bytes as byteCount } from "./units.js";

const images = /^image\/(png|jpeg|gif|webp|avif|bmp|x-icon|vnd\.microsoft\.icon)$/;

// recorded: as in the JSON. fields: [{name, value}] of the message, for the type.
export function bodyView(recorded, { title, label, fields = [], nothing = "" }) {
  const kind = kindOf(recorded, fields);
  const shown = recorded?.size > 0;
  return [
    element(
      "h4",
      { class: "body-title" },
      element("span", {}, title),
      shown ? fullButton(recorded, kind, label) : null,
    ),
    kind.image ? image(kind.image, label) : null,
    recordedView(recorded, { label }, nothing),
  ];
}

function valueOf(fields, wanted) {
  return fields.find(({ name }) => name.toLowerCase() === wanted)?.value ?? "";
}

// {image: address} or {text: the text set in order}, or neither.
function kindOf(recorded, fields) {
  const type = valueOf(fields, "content-type").split(";")[0].trim().toLowerCase();
  const coded = valueOf(fields, "content-encoding") !== "";
  if (!recorded || recorded.size === 0 || coded) return {};
  if (images.test(type))
    return recorded.cut ? {} : { image: `data:${type};base64,${recorded.base64}` };
  const bytes = bytesOf(recorded);
  if (!isPlain(bytes)) return {};
  try {
    if (/[/+]json$/.test(type)) return { text: indentedJson(textOf(bytes)) };
    if (/[/+](html|xml)$/.test(type)) return { text: indentedMarkup(textOf(bytes)) };
  } catch {
    // It is not what its type says: the bytes are shown as they are.
  }
  return {};
}

function image(address, label) {
  return element("img", { class: "body-image", src: address, alt: `${label}, as an image` });
}

function fullButton(recorded, kind, label) {
  return element(
    "button",
    { type: "button", class: "plain", onclick: () => openFull(recorded, kind, label) },
    "Full view",
  );
}

function openFull(recorded, kind, label) {
  const content = element("div", { class: "full-content" });
  const views = viewsOf(recorded, kind, label);
  const dialog = element("dialog", { class: "full", "aria-label": label });
  dialog.append(
    element(
      "header",
      {},
      element("h3", {}, `${label}, ${byteCount(recorded.size)}`),
      views.length > 1 ? choice(views, content) : null,
      element("button", { type: "button", onclick: () => dialog.close() }, "Close"),
    ),
    content,
  );
  dialog.addEventListener("close", () => dialog.remove());
  content.replaceChildren(...views[0].parts());
  document.body.append(dialog);
  dialog.showModal();
}

function viewsOf(recorded, { image: address, text }, label) {
  const attributes = { class: "raw", tabindex: "0", role: "group", "aria-label": label };
  return [
    address && { name: "image", parts: () => [image(address, label)] },
    text && { name: "in order", parts: () => [element("pre", attributes, visible(text))] },
    {
      name: "raw",
      parts: () => [...rawView(bytesOf(recorded), { label }), cutNote(recorded)].filter(Boolean),
    },
  ].filter(Boolean);
}

function choice(views, content) {
  return element(
    "fieldset",
    { class: "chips" },
    element("legend", { class: "hidden" }, "How it is shown"),
    views.map(({ name, parts }, at) => {
      const box = element("input", { type: "radio", name: "full-view", checked: at === 0 });
      box.addEventListener("change", () => content.replaceChildren(...parts()));
      return element("label", {}, box, element("span", {}, name));
    }),
  );
}
