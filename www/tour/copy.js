// A button beside each command that copies it, as it stands there then.
import { element } from "./element.js";

for (const command of document.querySelectorAll(".command")) {
  if (!navigator.clipboard) break;
  const button = element("button", { type: "button", "aria-label": "Copy the command" }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(command.querySelector("pre").textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  command.append(button);
}
