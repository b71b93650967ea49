// Says what happens to those who do not see it.

const announceMs = 1000;

// One sentence for what came within a moment, however much it was.
export function announcer(status) {
  let toSay = [];
  let saying = 0;
  return (text) => {
    toSay.push(text);
    if (saying) return;
    saying = setTimeout(() => {
      status.textContent =
        toSay.length > 2 ? `${toSay.length} changes, the last: ${toSay.at(-1)}` : toSay.join(". ");
      toSay = [];
      saying = 0;
    }, announceMs);
  };
}
