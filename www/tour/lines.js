// A box for a request, in which the line ends can be seen: behind the box lies the same text,
// invisible, with a mark at the end of each line.
import { element } from "./element.js";

export function showLineEnds(box) {
  const marks = element("pre", { class: "marks", "aria-hidden": "true" });
  const around = element("div", { class: "marked" });
  box.before(around);
  around.append(marks, box);
  box.setAttribute("wrap", "off");

  const draw = () => {
    const lines = box.value.split("\n");
    const ended = lines.slice(0, -1);
    marks.replaceChildren(
      ...ended.flatMap((line) => [
        element("span", {}, line),
        element("i", {}, "\\r\\n"),
        ...(line === "" ? [element("em", {}, " the empty line: the head ends")] : []),
        "\n",
      ]),
    );
    place();
  };
  const place = () => {
    marks.scrollTop = box.scrollTop;
    marks.scrollLeft = box.scrollLeft;
  };
  box.addEventListener("input", draw);
  box.addEventListener("scroll", place);
  // A value that a script sets makes no event; scripts that set one make it.
  draw();
}

// Puts a text into a box as if it had been typed there.
export function fill(box, text) {
  box.value = text;
  box.dispatchEvent(new Event("input"));
}
