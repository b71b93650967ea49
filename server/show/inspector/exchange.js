// One exchange, shown as the way it went: bytes on the left, what they became on the right.

import { askedStep, asksApplication, hasWorkers } from "./asked.js";
import { element } from "./element.js";
import { outputStep } from "./output.js";
import { processStep } from "./process.js";
import { requestSteps } from "./request.js";
import { responseStep } from "./response.js";
import { goToStage, stagesOf, stageStrip } from "./stages.js";
import { timeline } from "./timeline.js";
import { deeds, title } from "./title.js";
import { whyBox } from "./why.js";

// Shows it in the article. Only the parts that differ from what stands there are made anew: an open
// exchange grows without taking the focus away.
export function showExchange(article, exchange, actions) {
  const before = new Map([...article.children].map((part) => [part.dataset.part, part]));
  const parts = partsOf(exchange, actions).map(({ name, of, build }) => {
    const signature = JSON.stringify([exchange.id, exchange.began, of]);
    const standing = before.get(name);
    if (standing?.signature === signature) return standing;
    return keepScroll(standing, Object.assign(build(), { signature }), name);
  });
  if (
    parts.length !== article.children.length ||
    parts.some((part, at) => part !== article.children[at])
  ) {
    article.replaceChildren(...parts);
  }
}

function keepScroll(standing, made, name) {
  made.dataset.part = name;
  if (!standing) return made;
  const views = [...standing.querySelectorAll("pre")].map((view) => view.scrollTop);
  requestAnimationFrame(() =>
    made.querySelectorAll("pre").forEach((view, at) => (view.scrollTop = views[at] ?? 0)),
  );
  return made;
}

// Each part with what it is made of: it is made anew when that has changed.
function partsOf(exchange, actions) {
  const { request, route, script, variables, program, process, why, response, stderr } = exchange;
  const { application, asked, queued_ms } = exchange;
  const { stdin, stdout, stdout_head, header_lines, remarks, times, state, outcome } = exchange;
  const { verdict, pinned, curl, shell, sent } = exchange;
  const elapsed = state === "open" ? elapsedSince(exchange) : null;
  const stages = stagesOf(exchange);
  const steps = headings(exchange, stages);
  const part = (name, of, build) => ({ name, of: [steps, ...of], build });
  const runs = program !== null;
  const asks = !runs && asksApplication(exchange);
  return [
    part("title", [verdict, outcome, sent], () => title(exchange)),
    why && part("why", [why, outcome], () => whyBox(exchange, actions)),
    part("deeds", [state, pinned, curl, shell, why !== null], () => deeds(exchange, actions)),
    part("stages", [stages], () => stageStrip(stages, goToStage)),
    part("request", [request, route, script, variables], () => requestSteps(exchange, steps)),
    runs && part("process", [program, process, stdin, state, times.first_output], () =>
        processStep(exchange, steps),
      ),
    asks &&
      part("process", [application, asked, queued_ms, stdin, state], () =>
        askedStep(exchange, steps),
      ),
    (runs || asked) &&
      part("output", [stdout, stdout_head, header_lines, remarks, stderr, state], () =>
        outputStep(exchange, steps),
      ),
    part("response", [response, state], () => responseStep(exchange, steps)),
    part("times", [times, elapsed, queued_ms], () => timesPart(exchange, elapsed)),
  ].filter(Boolean);
}

// The headings, which read as one sentence.
function headings(exchange, stages) {
  const { program, asked, kind, variables } = exchange;
  const response =
    program || asked
      ? "and that is the response"
      : kind === "file"
        ? "and a file is the response"
        : "and the server answers by itself";
  const step = (number, text) => {
    const { state, fault } = stages[number - 1];
    return { number, text: state === "failed" ? `${text} — ${fault}` : text, state };
  };
  return {
    request: step(1, "The request arrives"),
    parsed: step(2, "is taken apart"),
    variables: variables.length > 0 ? step(3, "becomes variables") : null,
    process: step(4, program ? "a process runs" : questionHeading(exchange)),
    output: step(5, program ? "prints" : "answers"),
    response: step(6, response),
  };
}

function questionHeading(exchange) {
  return hasWorkers(exchange) ? "a worker is asked" : "an application is asked";
}

// Microseconds that an open exchange has taken so far; this clock may not be the server's.
function elapsedSince({ began, times }) {
  const last = Math.max(1, ...Object.values(times).filter((time) => time !== null));
  return Math.max((Date.now() - Date.parse(began)) * 1000 || 0, last);
}

function timesPart({ times, queued_ms }, elapsed) {
  return element(
    "section",
    { class: "way", "aria-label": "Times" },
    element("h3", {}, "How long it took"),
    timeline(times, elapsed, queued_ms),
  );
}
