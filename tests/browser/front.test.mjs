// The pages that the server makes by itself: the start page, error pages and listings.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";

import { checkEveryLook, desktop } from "./browser.mjs";
import { world } from "./world.mjs";

const here = world({ options: [] });

test("the front page is sound at every width, light and dark", () =>
  here.page("/", {}, async (page) => {
    assert.match(await page.title(), /Gatehouse/);
    await checkEveryLook(page);
  }));

// A directory of more files than are seen at a glance, all changed at this time.
const changed = new Date("2026-03-01T23:30:00Z");
const many = await mkdtemp(path.join(tmpdir(), "gatehouse-"));
await mkdir(path.join(many, "some", "empty"), { recursive: true });
for (let number = 1; number <= 60; ++number) {
  const file = path.join(many, `page-${number}.txt`);
  await writeFile(file, "text");
  await utimes(file, changed, changed);
}
await writeFile(path.join(many, "some", "file.txt"), "text");
after(() => rm(many, { recursive: true }));

const broken = world({
  options: ["--inspect", "--script-timeout", "3s", "--map", `/many static:${many}`],
  scripts: {
    "broken.sh": `#!/bin/sh
echo Traceback >&2
echo 'ValueError: <b>no</b>' >&2
echo 'Content-Type: text/html'
echo '<h1>no header</h1>'
exit 1
`,
    "crlf.sh": "#!/bin/sh\r\necho\r\n",
    "silent.sh": "#!/bin/sh\nsleep 10\n",
    "noisy.sh": '#!/bin/sh\nseq 1000 | sed "s/^/line /" >&2\nexit 1\n',
  },
});

// A page whose status is an error. Chromium reports the status on the console, and nothing else may
// be there.
const failing = (address, look, act) =>
  broken.page(address, look, async (page, faults) => {
    await act(page);
    const others = faults.filter((fault) => !/server responded with a status of/.test(fault));
    faults.splice(0, faults.length, ...others);
  });

for (const [name, address] of Object.entries({
  "the page of an unknown name": "/stlye.css",
  "the page of a failed script": "/cgi-bin/broken.sh",
  "the page of a script that cannot start": "/cgi-bin/crlf.sh",
  "the page of a script with much to say": "/cgi-bin/noisy.sh",
  "the page of a silent script": "/cgi-bin/silent.sh",
  "a listing": "/many/some/",
  "a long listing": "/many/",
  "an empty listing": "/many/some/empty/",
})) {
  test(`${name} has no fault at any width, light and dark`, () =>
    failing(address, {}, checkEveryLook));
}

test("the page of a failed script shows its file, the wrong line and its last words", () =>
  failing("/cgi-bin/broken.sh", {}, async (page) => {
    assert.match(await page.locator(".file").textContent(), /\/cgi-bin\/broken\.sh$/);
    assert.equal(await page.locator("mark").textContent(), "<h1>no header</h1>");
    assert.equal(await page.locator(".errors b").textContent(), "ValueError: <b>no</b>");
    assert.equal(await page.getByRole("link", { name: "Home" }).getAttribute("href"), "/");
  }));

test("the reason and the fix stand without scrolling", () =>
  failing("/cgi-bin/crlf.sh", {}, async (page) => {
    for (const part of [".file", "section > p + p", ".command", "footer a >> nth=1"])
      assert.ok((await page.locator(part).boundingBox()).y < desktop.height - 40, part);
  }));

test("the page of a failed script leads to its exchange in the inspector", () =>
  failing("/cgi-bin/broken.sh", {}, async (page) => {
    await page.getByRole("link", { name: "This exchange in the inspector" }).click();
    await page.waitForURL(/\/-\/#\d+$/);
    const exchange = await page.evaluate(async () =>
      (await fetch(`/-/exchanges/${location.hash.slice(1)}`)).text(),
    );
    assert.match(exchange, /\/cgi-bin\/broken\.sh/);
  }));

test("the command is copied by its button", () =>
  failing("/cgi-bin/crlf.sh", {}, async (page) => {
    await page.context().grantPermissions(["clipboard-read"]);
    await page.getByRole("button", { name: "Copy" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied.trim(), /^sed -i 's\/\\r\$\/\/' \/\S+\/cgi-bin\/crlf\.sh$/);
  }));

test("an unknown name leads to the nearest", () =>
  failing("/stlye.css", {}, async (page) => {
    await page.getByRole("link", { name: "/style.css" }).click();
    await page.waitForURL(/\/style\.css$/);
  }));

test("without scripts the pages have no button and no box, and times are in UTC", async () => {
  const look = { scripting: false };
  await failing("/cgi-bin/crlf.sh", look, async (page) => {
    assert.equal(await page.locator("button").isVisible(), false);
  });
  await failing("/many/", look, async (page) => {
    assert.equal(await page.locator("input").isVisible(), false);
    assert.match(await page.locator("thead").textContent(), /UTC/);
    assert.equal(await page.locator("time").nth(1).textContent(), "2026-03-01 23:30");
  });
});

test("a listing has the reader's time", () =>
  failing("/many/", {}, async (page) => {
    const session = await page.context().newCDPSession(page);
    await session.send("Emulation.setTimezoneOverride", { timezoneId: "Asia/Kathmandu" });
    await page.reload();
    assert.match(await page.locator("thead").textContent(), /Asia\/Kat[h]?mandu/);
    const time = page.locator("time").nth(1);
    assert.equal(await time.textContent(), "2026-03-02 05:15");
    assert.equal(await time.getAttribute("datetime"), "2026-03-01T23:30:00Z");
  }));

test("a long listing is filtered as one types", () =>
  failing("/many/", {}, async (page) => {
    const rows = page.locator("tbody tr:has(time)");
    const shown = () => rows.evaluateAll((all) => all.filter((row) => row.offsetHeight > 0).length);
    assert.equal(await shown(), 61);
    const box = page.getByRole("searchbox", { name: "Filter" });
    await box.fill("PAGE-1");
    assert.equal(await shown(), 11);
    assert.equal(await page.locator("output").textContent(), "11 of 61");
    await box.press("Enter");
    assert.equal(await shown(), 11);
    await box.fill("");
    assert.equal(await shown(), 61);
    assert.equal(await page.locator("output").textContent(), "");
  }));

test("a short listing has no box", () =>
  failing("/many/some/", {}, async (page) => {
    assert.equal(await page.locator("input").count(), 0);
  }));
