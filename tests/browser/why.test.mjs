// The inspector on programs that fail: the reason is the first thing that is seen. With
// GATEHOUSE_SCREENSHOTS=DIRECTORY in the environment there is a picture of each.

import assert from "node:assert/strict";
import http from "node:http";
import path from "node:path";
import { test } from "node:test";

import { brokenScripts } from "./broken.mjs";
import { world } from "./world.mjs";

const here = world({ scripts: brokenScripts });

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
  if (directory) await page.screenshot({ path: path.join(directory, `inspector-${name}.png`) });
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
      await take(page, name);
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
