// The inspector on programs that fail: the reason is the first thing that is seen. With
// GATEHOUSE_SCREENSHOTS=DIRECTORY in the environment there is a picture of each.

import assert from "node:assert/strict";
import http from "node:http";
import path from "node:path";
import { test } from "node:test";

import { checkSoundness, desktop, phone } from "./browser.mjs";
import { brokenScripts } from "./broken.mjs";
import { world } from "./world.mjs";

// Longer than any line.
const longDirectory = `/${"never".repeat(30)}/${"there".repeat(30)}`;
const here = world({
  options: ["--inspect", "--env", `PATH=${process.env.PATH}:${longDirectory}`],
  scripts: {
    ...brokenScripts,
    "no-interpreter.py": "#!/usr/bin/env pythn3\nprint()\n",
    "words-for-env.py": "#!/usr/bin/env pythn3 -u\nprint()\n",
  },
});

// Asks for a program, whatever becomes of the answer.
function ask(name) {
  return new Promise((resolve) => {
    http
      .get(`${here.url}/cgi-bin/${name}`, (response) => {
        response.resume().on("close", resolve);
      })
      .on("error", resolve);
  });
}

const rows = (page, name) => page.locator("#list li", { hasText: name });

async function open(page, name) {
  await rows(page, name).first().click();
  await page.locator("#exchange h2", { hasText: name }).waitFor();
  await page.locator(".why").waitFor();
}

async function take(page, name) {
  const directory = process.env.GATEHOUSE_SCREENSHOTS;
  if (directory) await page.screenshot({ path: path.join(directory, `${name}.png`) });
}

// Whether all of it is seen without scrolling.
async function isSeen(page, part) {
  const box = await part.boundingBox();
  const { width, height } = page.viewportSize();
  return box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height;
}

for (const [name, { reason, fix }] of Object.entries(brokenScripts)) {
  test(`why ${name} failed is seen without scrolling, and what mends it`, () =>
    here.page("/-/", {}, async (page) => {
      await ask(name);
      await open(page, name);
      const why = page.locator(".why");
      assert.match(await why.textContent(), new RegExp(reason));
      assert.ok(await isSeen(page, why.locator("h3")), "the title");
      assert.ok(await isSeen(page, why.locator(".sentence")), "the sentence");
      assert.ok(await isSeen(page, why.getByRole("button", { name: "Run again" })), "Run again");
      if (fix) {
        const command = why.locator(".fix pre");
        assert.match(await command.textContent(), fix);
        assert.ok(await isSeen(page, command), "the fix");
        assert.ok(await isSeen(page, why.getByRole("button", { name: "Copy" })), "Copy");
      }
      const marked = page.locator(".stage.failed, .stage.half");
      assert.ok((await marked.count()) > 0, "a stage is marked");
      await take(page, `inspector-${name}`);
    }));

  // The others have answered before they failed, so that there is no page of the server's.
  if (["script-failed-late", "content-under-length"].includes(reason)) continue;
  test(`the page of ${name} says why without scrolling, and what mends it`, () =>
    here.page(`/cgi-bin/${name}`, {}, async (page, faults) => {
      const parts = [".file", ".file + p", ...(fix ? [".command"] : [])];
      for (const part of parts) assert.ok(await isSeen(page, page.locator(part)), part);
      assert.equal(await page.locator("footer code").textContent(), reason);
      if (fix) assert.match(await page.locator(".command pre").textContent(), fix);
      await take(page, `page-${name}`);
      // Chromium reports the status on the console.
      const others = faults.filter((fault) => !/server responded with a status of/.test(fault));
      faults.splice(0, faults.length, ...others);
    }));
}

test("the last line of standard error stands out", () =>
  here.page("/-/", {}, async (page) => {
    await ask("traceback.py");
    await open(page, "traceback.py");
    const last = page.locator(".why .stderr strong");
    assert.match(await last.textContent(), /^TypeError/);
    assert.ok(await isSeen(page, last));
  }));

test("where the last line is the hint of env, the line before it stands out", () =>
  here.page("/-/", {}, async (page) => {
    await ask("words-for-env.py");
    await open(page, "words-for-env.py");
    assert.match(await page.locator(".why .stderr strong").textContent(), /'pythn3 -u'/);
  }));

// What of the reason is wider than the column in which it stands.
const leavesItsColumn = (page) =>
  page.locator(".why").evaluate((why) =>
    [...why.querySelectorAll("*")]
      .filter((part) => part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0)
      .map((part) => part.outerHTML.slice(0, 80)),
  );

for (const size of [phone, desktop]) {
  test(`a PATH longer than a line stays in its column, ${size.width} pixels wide`, () =>
    here.page("/-/", { size }, async (page) => {
      await ask("no-interpreter.py");
      await open(page, "no-interpreter.py");
      await page.locator(".why", { hasText: longDirectory }).waitFor();
      assert.deepEqual(await leavesItsColumn(page), []);
      await checkSoundness(page);
      await take(page, `long-path-${size.width}`);
    }));
}

test("a name that is not there is said once, and no stage failed by it", () =>
  here.page("/-/", {}, async (page) => {
    await ask("not-there");
    await open(page, "not-there");
    const said = await page.locator(".why").textContent();
    assert.equal(said.match(/program at/gi).length, 1, said);
    assert.match(said, /script-not-found/);
    await page.locator("#stage-2", { hasText: "is taken apart — nothing is found there" }).waitFor();
    assert.equal(await page.locator(".stage.failed").getAttribute("title"), "taken apart: nothing is found there");
  }));

test("on a phone the reason stands above the tools", () =>
  here.page("/-/", { size: phone }, async (page) => {
    await ask("silent.sh?phone");
    await open(page, "silent.sh?phone");
    const why = await page.locator(".why").boundingBox();
    const tool = await page.getByRole("button", { name: "Copy as curl" }).boundingBox();
    assert.ok(why.y + why.height <= tool.y, JSON.stringify([why, tool]));
    assert.ok(await isSeen(page, page.locator(".why .sentence")));
  }));

test("Run again sends the recorded request at once and shows its exchange", () =>
  here.page("/-/", {}, async (page) => {
    await ask("silent.sh?once");
    await open(page, "silent.sh?once");
    const before = await page.evaluate(() => location.hash);
    await page.getByRole("button", { name: "Run again" }).click();
    await page.waitForFunction((hash) => location.hash !== hash, before);
    await rows(page, "silent.sh?once").nth(1).waitFor();
    const shown = (await page.evaluate(() => location.hash)).slice(1);
    await page.locator(".verdict", { hasText: `exchange ${shown}` }).waitFor();
    await page.locator("#exchange h2", { hasText: "silent.sh?once" }).waitFor();
  }));
