// Step 7: how long a file and some scripts take, as this page sees it.
import "./copy.js";
import { element, find } from "./element.js";
import { settle } from "./guess.js";
import { drawSpread, noise, quantile } from "./spread.js";

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
  // The field has the inspector keep these many requests apart from the reader's own.
  const got = await fetch(target, { cache: "no-store", headers: { "Gatehouse-Tour": "1" } });
  await got.arrayBuffer();
  if (!got.ok) throw new Error(`${target} answered ${got.status}.`);
  return performance.now() - began;
}

const ms = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

// The powers of ten between which nearly all of the times lie.
function axisOf(times) {
  const power = (value) => Math.log10(Math.max(value, 0.1));
  const shortest = Math.min(...Object.values(times).map((t) => quantile(t, 0.05)));
  const longest = Math.max(...Object.values(times).map((t) => quantile(t, 0.95)));
  const first = Math.floor(power(shortest));
  return { first, last: Math.max(first + 1, Math.ceil(power(longest))) };
}

function draw(times) {
  areOwn = true;
  find("#recorded").hidden = true;
  const axis = axisOf(times);
  for (const [name, values] of Object.entries(times)) {
    const row = find(`#spread [data-name="${name}"]`);
    find(".of-median", row).textContent = ms(quantile(values, 0.5));
    find(".of-p95", row).textContent = ms(quantile(values, 0.95));
    drawSpread(find("svg", row), values, axis);
  }
  const marks = [];
  for (let power = axis.first; power <= axis.last; ++power) marks.push(element("span", {}, `${10 ** power} ms`));
  find("#decades").replaceChildren(...marks);
  find("#slowest").textContent = `The slowest took ${ms(Math.max(...Object.values(times).flat()))}.`;
}

// Where the time of work.py goes: each part is the difference of two medians. One that chance alone could
// make says so.
function drawParts(times) {
  const median = (name) => (name ? quantile(times[name], 0.5) : 0);
  const whole = median("work");
  const parts = [
    ["asking", null, "file"],
    ["process", "file", "calc"],
    ["interpreter", "calc", "python"],
    ["work", "python", "work"],
  ];
  for (const [name, less, more] of parts) {
    const [from, to] = [median(less), median(more)];
    const part = find(`#parts [data-part="${name}"]`);
    const isNoise = less !== null && to - from < noise(times[less], times[more]);
    part.classList.toggle("noise", isNoise);
    find("b", part).textContent = isNoise ? "noise" : ms(to - from);
    find("small", part).textContent = isNoise
      ? `${ms(Math.abs(to - from))} ${to < from ? "less, not more" : "more"}: too little to tell it from chance`
      : "";
    const bar = find("rect:last-child", part);
    bar.setAttribute("x", (100 * Math.min(from, to)) / whole);
    bar.setAttribute("width", (100 * Math.abs(to - from)) / whole);
  }
}

function answer(times) {
  const ratio = quantile(times.python, 0.5) / quantile(times.file, 0.5);
  const value = ratio < 3 ? "few" : ratio < 10 ? "some" : "many";
  settle(find("#guess"), value, find('#spread [data-name="python"] .of-median'));
}

let running = false;
let areOwn = false; // whether the numbers on the page were measured here

async function measure() {
  const times = Object.fromEntries(Object.keys(TARGETS).map((name) => [name, []]));
  running = true;
  start.disabled = true;
  stop.disabled = false;
  progress.hidden = false;
  said.textContent = "Measuring.";
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
      answer(times);
    }
    said.textContent =
      count > 0
        ? `${count} requests of each kind, one at a time.`
        : `Stopped in the first ${WARM_UP} rounds, which are not counted.`;
  } catch (error) {
    said.textContent = `That did not work. ${error.message}`;
  }
  find("#recorded").hidden = areOwn;
  running = false;
  start.disabled = false;
  stop.disabled = true;
  progress.hidden = true;
}

start.addEventListener("click", measure);
stop.addEventListener("click", () => (running = false));
progress.max = WARM_UP + TIMES;
find("#measuring").hidden = false;
