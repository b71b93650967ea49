// Step 7: how long a file and some scripts take, as this page sees it.
import "./copy.js";
import { find } from "./element.js";
import { drawSpread, quantile } from "./spread.js";

const WARM_UP = 10;
const TIMES = 200;
const TARGETS = {
  file: "/tour/hello.txt",
  calc: "/cgi-bin/calc/6/times/7",
  sh: "/cgi-bin/cost/nothing.sh",
  perl: "/cgi-bin/cost/nothing.pl",
  python: "/cgi-bin/cost/nothing.py",
  work: "/cgi-bin/cost/work.py",
};

const start = find("#start");
const stop = find("#stop");
const said = find("#said");
const progress = find("#progress");

async function timeOf(target) {
  const began = performance.now();
  const answer = await fetch(target, { cache: "no-store" });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${target} answered ${answer.status}.`);
  return performance.now() - began;
}

const ms = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

function draw(times) {
  const widest = Math.max(...Object.values(times).map((t) => quantile(t, 0.95)));
  const limit = Math.max(2, Math.ceil(1.25 * widest));
  for (const [name, values] of Object.entries(times)) {
    const row = find(`#spread [data-name="${name}"]`);
    find(".of-median", row).textContent = ms(quantile(values, 0.5));
    find(".of-p95", row).textContent = ms(quantile(values, 0.95));
    drawSpread(find("svg", row), values, limit);
  }
  const beyond = Object.values(times).flat().filter((t) => t > limit).length;
  const slowest = Math.max(...Object.values(times).flat());
  const outside = beyond === 1 ? "One slower one is" : `${beyond} slower ones are`;
  find("#scale").textContent =
    `Each plot goes from 0 to ${limit} ms.` +
    (beyond ? ` ${outside} not drawn; the slowest took ${ms(slowest)}.` : "");
}

// Where the time of work.py goes: each part is the difference of two medians.
function drawParts(times) {
  const median = (name) => quantile(times[name], 0.5);
  const whole = median("work");
  const parts = [
    ["asking", 0, median("file")],
    ["process", median("file"), median("calc")],
    ["interpreter", median("calc"), median("python")],
    ["work", median("python"), whole],
  ];
  for (const [name, from, to] of parts) {
    const part = find(`#parts [data-part="${name}"]`);
    find("b", part).textContent = ms(Math.max(0, to - from));
    const bar = find("rect:last-child", part);
    bar.setAttribute("x", (100 * Math.min(from, to)) / whole);
    bar.setAttribute("width", (100 * Math.max(0, to - from)) / whole);
  }
}

let running = false;

async function measure() {
  const times = Object.fromEntries(Object.keys(TARGETS).map((name) => [name, []]));
  running = true;
  start.disabled = true;
  stop.disabled = false;
  progress.hidden = false;
  said.textContent = "Measuring.";
  find("#recorded").hidden = true;
  try {
    // In turn, so that whatever else the machine does falls on all of them alike.
    for (let round = 0; round < WARM_UP + TIMES && running; ++round) {
      for (const [name, target] of Object.entries(TARGETS)) {
        const took = await timeOf(target);
        if (round >= WARM_UP) times[name].push(took);
      }
      progress.value = round + 1;
      if (round >= WARM_UP && round % 10 === 0) draw(times);
    }
    const count = times.work.length;
    if (count > 0) {
      draw(times);
      drawParts(times);
    }
    said.textContent = `${count} requests of each kind, one at a time.`;
  } catch (error) {
    said.textContent = `That did not work. ${error.message}`;
  }
  running = false;
  start.disabled = false;
  stop.disabled = true;
  progress.hidden = true;
}

start.addEventListener("click", measure);
stop.addEventListener("click", () => (running = false));
progress.max = WARM_UP + TIMES;
find("#measuring").hidden = false;
