// Stage 3: the variables. Those that come from the request stand first; what is the same for every
// request of a connection or of the server is folded.

import { visible } from "./bytes.js";
import { element } from "./element.js";
import { fromRequest, originOf } from "./origins.js";
import { count } from "./units.js";

const storedSwitch = "gatehouse-inspector-sections";

export function variableLists(variables, links) {
  const indexed = variables.map((variable, at) => ({
    ...variable,
    key: `variable ${at}`,
    origin: originOf(variable),
  }));
  const isFirst = ({ spans, origin }) => spans.length > 0 || fromRequest.includes(origin);
  const start = ({ spans }) => Math.min(...spans.map(([first]) => first));
  const first = indexed.filter(isFirst).sort((a, b) => start(a) - start(b));
  const others = Map.groupBy(
    indexed.filter((variable) => !isFirst(variable)),
    ({ origin, from }) => (from === "configuration" ? from : origin),
  );
  return [
    element("p", { class: "legend-line" }, legend(), sectionSwitch()),
    variableList("from the request", first, links),
    ...[...others].map(([from, group]) => folded(`from the ${from}`, group, links)),
  ];
}

function legend() {
  return element(
    "span",
    { class: "origins" },
    [...fromRequest, "connection", "server"].map((origin) =>
      element("span", { "data-origin": origin }, origin),
    ),
  );
}

// The sections of RFC 3875 are for those who want them; the browser remembers who does.
export function restoreSections() {
  document.body.classList.toggle("sections", localStorage.getItem(storedSwitch) === "on");
}

function sectionSwitch() {
  const box = element("input", { type: "checkbox" });
  box.checked = document.body.classList.contains("sections");
  box.addEventListener("change", () => {
    localStorage.setItem(storedSwitch, box.checked ? "on" : "off");
    restoreSections();
  });
  return element("label", { class: "switch" }, box, element("span", {}, "RFC sections"));
}

function folded(name, variables, links) {
  return element(
    "details",
    { ontoggle: () => links.draw() },
    element("summary", {}, `${count(variables.length, "variable", "variables")} ${name}`),
    itemList(name, variables, links),
  );
}

function variableList(name, variables, links) {
  if (variables.length === 0) return null;
  return [element("h4", {}, name), itemList(name, variables, links)];
}

function itemList(name, variables, links) {
  const items = variables.map((variable) => variableItem(variable, links));
  return element("ul", { class: "variables", "data-group": true, "aria-label": name }, items);
}

function variableItem({ name, value, clause, key, origin }, links) {
  const handle = element("span", { class: "name", role: "link", tabindex: "-1" }, visible(name));
  const item = element(
    "li",
    { "data-origin": origin },
    element(
      "span",
      { class: "assignment" },
      handle,
      element("span", { class: "equals" }, "="),
      visible(value),
    ),
    " ",
    element("span", { class: "clause" }, clauseText(clause)),
  );
  links.addOutcome(item, handle, key, true);
  return item;
}

export function clauseText(clause) {
  return /^\d/.test(clause) ? `RFC 3875, ${clause}` : clause;
}
