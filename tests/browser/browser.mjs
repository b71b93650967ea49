// Pages in Debian's Chromium, each in a window of its own, and what is checked of every page.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

const chromiumFile = process.env.GATEHOUSE_CHROMIUM ?? "/usr/bin/chromium";
const patienceMs = 20000;

// The packages are beside the build and not beside this file: see tools/browser.
function installed(name) {
  const modules = process.env.GATEHOUSE_BROWSER_MODULES ?? "";
  try {
    return createRequire(path.join(modules, "package.json")).resolve(name);
  } catch {
    throw new Error(`${name} is not in "${modules}": run tools/browser, which installs it by npm`);
  }
}

const { chromium } = createRequire(import.meta.url)(installed("playwright-core"));
const axe = await readFile(installed("axe-core/axe.min.js"), "utf8");

export function openBrowser() {
  const args = ["--no-proxy-server"];
  if (process.getuid() === 0) args.push("--no-sandbox");
  return chromium.launch({ executablePath: chromiumFile, args });
}

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 360, height: 740 };
export const projector = { width: 1920, height: 1080 };

// Gives act a new page, and what went wrong on it so far: an error on its console, a dialog. Fails if
// act leaves something there.
export async function withPage(browser, look, act) {
  const { size = desktop, scheme = "light", scripting = true } = look;
  const context = await browser.newContext({
    viewport: size,
    colorScheme: scheme,
    javaScriptEnabled: scripting,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(patienceMs);
  const faults = [];
  page.on("console", (message) => {
    // The start page asks whether there is an inspector; Chromium reports the answer that there is none.
    if (/status of 404/.test(message.text()) && new URL(message.location().url, "http://a").pathname === "/-/") return;
    if (message.type() === "error") faults.push(`${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => faults.push(error.stack));
  page.on("dialog", (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  try {
    await act(page, faults);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
  }
}

// What of the page is wider than its window: the elements that stand out.
export async function standsOut(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const wide = [...document.body.querySelectorAll("*")].filter(
      (element) => element.getBoundingClientRect().right > width + 1,
    );
    return ["the page", ...wide.slice(0, 5).map((element) => element.outerHTML.slice(0, 120))];
  });
}

// All that axe-core finds, minor faults too, with the rule for the size of targets (WCAG 2.2, 2.5.8):
// a line each.
async function accessibilityFaults(page) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run({ rules: { "target-size": { enabled: true } } }),
  );
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
  );
}

export async function checkSoundness(page) {
  assert.deepEqual(await standsOut(page), [], "scrolls sideways");
  assert.deepEqual(await accessibilityFaults(page), [], "axe-core");
}

// The windows and schemes in which pages are held to that: each of them once, and with
// GATEHOUSE_EVERY_LOOK each window in each scheme, which takes twice as long.
export const looks = process.env.GATEHOUSE_EVERY_LOOK
  ? [phone, desktop, projector].flatMap((size) => [{ size, scheme: "light" }, { size, scheme: "dark" }])
  : [{ size: phone, scheme: "dark" }, { size: desktop, scheme: "light" }, { size: projector, scheme: "dark" }];

export const nameOf = ({ size, scheme }) => `${size.width} pixels wide, ${scheme}`;

export async function checkEveryLook(page) {
  for (const { size, scheme } of looks) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: scheme });
    assert.deepEqual(await standsOut(page), [], nameOf({ size, scheme }));
    assert.deepEqual(await accessibilityFaults(page), [], nameOf({ size, scheme }));
  }
}
