// A question before a live part: the reader guesses, and the answer is lit in what really happens.
import { element, find } from "./element.js";

// Whether `answer` was guessed is said below the question, and `node`, which holds it, is lit.
export function settle(guess, answer, node) {
  const chosen = find("input:checked", guess);
  const option = (value) => find(`input[value="${CSS.escape(value)}"]`, guess)?.parentElement.textContent.trim() ?? value;
  const result = find("output", guess);
  const right = chosen?.value === answer;
  result.replaceChildren(
    element("b", {}, right ? "As you guessed: " : chosen ? "Otherwise than you guessed: " : "It is: "),
    option(answer),
  );
  for (const lit of document.querySelectorAll(".the-answer")) lit.classList.remove("the-answer");
  node?.classList.add("the-answer");
}

// What was said of another answer is not true of the next one.
export function unsettle(guess) {
  find("output", guess).replaceChildren();
}

for (const guess of document.querySelectorAll(".guess")) {
  guess.hidden = false;
  guess.addEventListener("submit", (event) => event.preventDefault());
}
