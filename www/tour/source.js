// The sources that a page shows: in colours, line by line, so that a line can be lit.
import { element } from "./element.js";

const STRING = /(?<string>(?:\b[bfr]{1,2}(?=["']))?(?:"""[^]*?"""|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\\n])*'))/;
const WORDS = {
  py: "and as break class continue def elif else except for from if import in is lambda not or pass return try while with yield None True False",
  sh: "case do done elif else esac exec exit fi for if in shift then while",
  pl: "else elsif for foreach if my print return sub use while",
};

function rules(kind) {
  const words = `(?<keyword>(?<![$@\\w.-]|echo )(?:${WORDS[kind].replaceAll(" ", "|")})\\b(?![-=]))`;
  return new RegExp([/(?<comment>(?<![^\s])#[^\n]*)/.source, STRING.source, words].join("|"), "g");
}

// [[text, kind or ""]] that make up the text again.
function pieces(text, kind) {
  const result = [];
  let at = 0;
  for (const found of text.matchAll(rules(kind))) {
    if (found.index > at) result.push([text.slice(at, found.index), ""]);
    const [name] = Object.entries(found.groups).find(([, value]) => value !== undefined);
    result.push([found[0], name]);
    at = found.index + found[0].length;
  }
  result.push([text.slice(at), ""]);
  return result;
}

function dress(pre) {
  const kind = pre.dataset.code ?? pre.dataset.source.split(".").at(-1);
  const lines = [element("span", { class: "line" })];
  for (const [text, name] of pieces(pre.textContent.replace(/\n$/, ""), kind in WORDS ? kind : "sh")) {
    text.split("\n").forEach((part, at) => {
      if (at > 0) lines.push(element("span", { class: "line" }));
      if (part) lines.at(-1).append(name ? element("span", { class: name }, part) : part);
    });
  }
  pre.replaceChildren(...lines);
}

// Lights the lines that hold one of these texts, and no other line of that source.
export function light(pre, ...texts) {
  for (const line of pre.querySelectorAll(".line"))
    line.classList.toggle("lit", texts.some((text) => line.textContent.includes(text)));
}

for (const pre of document.querySelectorAll("pre[data-source], pre[data-code]")) dress(pre);
