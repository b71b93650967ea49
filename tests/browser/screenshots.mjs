// screenshots.mjs DIRECTORY: makes the pictures of the README in DIRECTORY: the inspector and two
// steps of the tour, light and dark.

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

const pictures = {
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
async function take(browser, { address, show }, scheme, file) {
  const server = await serve();
  try {
    await withPage(browser, { size, scheme }, async (page) => {
      await page.goto(server.url + address);
      await show(page, server.url);
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

const browser = await openBrowser();
try {
  for (const [name, picture] of Object.entries(pictures))
    for (const scheme of ["light", "dark"])
      await take(browser, picture, scheme, path.join(process.argv[2], `${name}-${scheme}.png`));
} finally {
  await browser.close();
}
