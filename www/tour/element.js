// Makes elements. What comes from a response goes in as text, never as markup.

export const find = (selector, within = document) => within.querySelector(selector);

export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function drawing(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// Shows again that something is new, also when it looks like what was there before.
export function refresh(node) {
  node.classList.remove("fresh");
  void node.offsetWidth;
  node.classList.add("fresh");
}
