// A button beside each command that copies it.
import { element } from "./element.js";

for (const command of document.querySelectorAll(".command")) {
  if (!navigator.clipboard) break;
  const text = command.querySelector("pre").textContent;
  const button = element("button", { type: "button", "aria-label": "Copy the command" }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  command.append(button);
}
