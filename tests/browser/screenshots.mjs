// screenshots.mjs DIRECTORY [NAME...]: makes the pictures of the README in DIRECTORY, or those that
// are named: a failed script as its page and the inspector show it, the inspector, and two steps of
// the tour, light and dark.

import { execFileSync } from "node:child_process";
import { stat } from "node:fs/promises";
import http from "node:http";
import path from "node:path";

import { openBrowser, withPage } from "./browser.mjs";
import { serve } from "./server.mjs";

const size = { width: 1280, height: 840 };
const colours = 128;
const largestBytes = 120_000;

// As curl asks.
function ask(url) {
  const headers = { "User-Agent": "curl/7.88.1", Accept: "*/*", Connection: "close" };
  return new Promise((resolve, reject) => {
    http.get(url, { headers }, (response) => response.resume().on("end", resolve)).on("error", reject);
  });
}

// To the top of the window, with some room above it.
function lift(part) {
  return part.evaluate((element) => {
    element.scrollIntoView();
    scrollBy(0, -24);
  });
}

// A script whose lines end as an editor on Windows ends them.
const brokenScript = "#!/usr/bin/env python3\r\nprint('Content-Type: text/plain\\n\\nHello!')\r\n";

// Two pictures of pages, side by side with a hairline between them.
async function setBeside(page, left, right) {
  const image = (bytes) => `<img src="data:image/png;base64,${bytes.toString("base64")}">`;
  await page.goto("about:blank");
  await page.setViewportSize(size);
  await page.setContent(
    `<body style="margin:0;display:flex;gap:1px;background:#8886">${image(left)}${image(right)}</body>`,
  );
  await page.locator("img").last().waitFor();
}

async function pictureOf(page, width, address, show) {
  await page.setViewportSize({ width, height: size.height });
  await page.goto(address);
  await show();
  return page.screenshot();
}

const pictures = {
  why: {
    scripts: { "greet.py": brokenScript },
    address: "/-/",
    show: async (page, url, faults) => {
      const width = size.width / 2;
      const asked = `${url}/cgi-bin/greet.py?name=Ada`;
      const left = await pictureOf(page, width - 1, asked, () => page.locator("h1").waitFor());
      faults.pop(); // the 502 itself
      const right = await pictureOf(page, width, `${url}/-/`, async () => {
        await page.locator("#list li", { hasText: "greet.py" }).first().click();
        await page.locator(".variables li").first().waitFor();
      });
      await setBeside(page, left, right);
    },
  },
  inspector: {
    address: "/-/",
    show: async (page, url) => {
      await page.locator("#connection.live").waitFor();
      await ask(`${url}/style.css`);
      await ask(`${url}/cgi-bin/nothing-here`);
      await ask(`${url}/cgi-bin/env.sh/some/path?tea=green`);
      await page.locator("#list li", { hasText: "tea=green" }).first().click();
      await page.locator(".bytes.becomes", { hasText: "/some/path" }).first().hover();
      await page.locator(".variables li.lit").first().waitFor();
    },
  },
  "tour-request": {
    address: "/tour/2-request.html",
    show: async (page) => {
      await page.getByRole("button", { name: "Send", exact: true }).click();
      await page.locator("#answer li.rest").waitFor();
      await lift(page.locator("#hand"));
    },
  },
  "tour-cost": {
    address: "/tour/7-cost.html",
    show: (page) => lift(page.locator("#measure")),
  },
};

// One picture, of a server of its own: its list holds nothing else.
async function take(browser, { address, show, scripts = {} }, scheme, file) {
  const server = await serve({ scripts });
  try {
    await withPage(browser, { size, scheme }, async (page, faults) => {
      await page.goto(server.url + address);
      await show(page, server.url, faults);
      await page.evaluate(() => document.fonts.ready);
      await page.screenshot({ path: file });
    });
  } finally {
    await server.stop();
  }
  execFileSync("pngquant", ["--force", "--output", file, "--strip", String(colours), file]);
  const bytes = (await stat(file)).size;
  if (bytes > largestBytes) throw new Error(`${file} has ${bytes} bytes: too large`);
  console.log(`${file}: ${bytes} bytes`);
}

const [directory, ...named] = process.argv.slice(2);
const wanted = Object.entries(pictures).filter(([name]) => !named.length || named.includes(name));
const browser = await openBrowser();
try {
  for (const [name, picture] of wanted)
    for (const scheme of ["light", "dark"])
      await take(browser, picture, scheme, path.join(directory, `${name}-${scheme}.png`));
} finally {
  await browser.close();
}
