// Copies text, and says on the button that it did.

const saidMs = 1500;

export async function copy(text, button, say) {
  const done = await copied(text);
  const label = button.dataset.label ?? button.textContent;
  button.dataset.label = label;
  button.textContent = done ? "Copied" : "The browser did not allow it";
  say(done ? "Copied" : "Not copied");
  setTimeout(() => (button.textContent = label), saidMs);
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text);
  }
}

// Where the page did not come from this machine there is no clipboard but this one.
function copiedBySelection(text) {
  const area = document.createElement("textarea");
  area.className = "hidden";
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
