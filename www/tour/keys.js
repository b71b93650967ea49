// The keys that turn the pages: arrows at once; PageDown and PageUp, which a clicker sends, where the
// page has no more to scroll.

const PAGES = { ArrowRight: "next", PageDown: "next", ArrowLeft: "prev", PageUp: "prev" };
const TYPING = "input, textarea, select, [contenteditable], [role=tablist]";

const scrollsSideways = (node) => node.scrollWidth > node.clientWidth && node.matches("[tabindex]");

function canScroll(key) {
  const page = document.documentElement;
  if (key === "PageDown") return page.scrollTop + page.clientHeight < page.scrollHeight - 2;
  return key === "PageUp" && page.scrollTop > 2;
}

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (!(key in PAGES) || event.defaultPrevented) return;
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  if (target.closest(TYPING) || scrollsSideways(target) || canScroll(key)) return;
  const link = document.querySelector(`.pages [rel="${PAGES[key]}"]`);
  if (!link) return;
  event.preventDefault();
  link.click();
});
