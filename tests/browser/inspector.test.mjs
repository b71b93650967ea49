// The inspector, as whoever opens /-/ sees it.

import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";

import { checkSoundness, desktop, looks, nameOf, phone, projector } from "./browser.mjs";
import { world } from "./world.mjs";

const markup = "<script>window.hit = true</script>";

const here = world({
  scripts: {
    "markup.sh": `#!/bin/sh
echo '${markup}' >&2
printf 'Content-Type: text/plain\\nX-Markup: ${markup}\\n\\n${markup}\\n'
`,
    "failing.sh": "#!/bin/sh\necho 'it went wrong' >&2\necho 'no header'\nexit 3\n",
    "late.sh": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nHello\\n'\nexit 1\n",
    // Closes its output, and ends when goes-on.sh has been asked for.
    "lingers.sh": `#!/bin/sh
printf 'Content-Type: text/plain\\n\\nHello\\n'
exec >&- 2>&-
while ! test -e "$0.go"; do sleep 0.1; done
exit 4
`,
    "goes-on.sh": `#!/bin/sh
touch "\${0%/*}/lingers.sh.go"
printf 'Content-Type: text/plain\\n\\n'
`,
    "stubborn.sh": `#!/bin/sh
trap '' TERM
printf 'Content-Type: text/plain\\n\\nHello\\n'
while :; do sleep 0.1; done
`,
    "json.sh": `#!/bin/sh
printf 'Content-Type: application/json\\n\\n{"list":[1,12345678901234567890],"none":{}}'
`,
    "page.sh": `#!/bin/sh
printf 'Content-Type: text/html\\n\\n<ul><li>One <b>word</b></ul>${markup}'
`,
    "image.sh": `#!/bin/sh
printf 'Content-Type: image/gif\\n\\n'
echo R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7 | base64 -d
`,
  },
});

// A request by another client than the browser; gives the status and the content.
function ask(target, { method = "GET", headers = {}, body = "" } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(here.url + target, { method, headers }, (response) => {
      let content = "";
      response.on("data", (bytes) => (content += bytes));
      response.on("end", () => resolve({ status: response.statusCode, content }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

const target = "/cgi-bin/env.sh/some/path?tea=green";
const row = (page, text) => page.locator("#list li", { hasText: text });
const field = (page, id) => page.locator(`#compose #${id}`);
const variable = (page, name) =>
  page.locator(".variables li").filter({ has: page.getByText(name, { exact: true }) });

const choose = (page, name) => page.locator(".chips label", { hasText: name }).click();

let asked = 0;

// The exchange of a request that is made now, on the page; a number tells it from earlier ones.
async function shown(page, path, options) {
  const once = `${path}${path.includes("?") ? "&" : "?"}number=${++asked}.`;
  await ask(once, options);
  if (!path.startsWith("/cgi-bin/")) await choose(page, "all");
  await row(page, once).click();
  await page.locator("#exchange h2", { hasText: once }).waitFor();
}

async function live(page) {
  await page.locator("#connection.live").waitFor();
}

// The first case: no script of this server has run yet.
test("where no script has run, all exchanges are in the list", () =>
  here.page("/-/", {}, async (page) => {
    await ask("/style.css?alone");
    await row(page, "style.css?alone").waitFor();
    await page.locator(".chips [value=all]:checked").waitFor();
    await page.locator("#others").waitFor({ state: "hidden" });
  }));

test("an exchange appears without a reload", () =>
  here.page("/-/", {}, async (page) => {
    await live(page);
    await page.evaluate(() => (window.sameDocument = true));
    await ask("/cgi-bin/env.sh/appears");
    await row(page, "/cgi-bin/env.sh/appears").waitFor();
    await row(page, "200").first().waitFor();
    assert.equal(await page.evaluate(() => window.sameDocument), true);
  }));

test("bytes and what they became light up each other", () =>
  here.page("/-/", {}, async (page) => {
    await shown(page, target, { headers: { "X-Colour": "teal" } });
    for (const [name, bytes] of [
      ["PATH_INFO", "/some/path"],
      ["QUERY_STRING", "tea=green"],
      ["HTTP_X_COLOUR", "teal"],
    ]) {
      await page.mouse.move(0, 0);
      await variable(page, name).hover();
      const lit = page.locator(".bytes.lit");
      await lit.first().waitFor();
      assert.match((await lit.allTextContents()).join(""), new RegExp(bytes), name);
      await page.mouse.move(0, 0);
      await page.locator(".bytes.lit").waitFor({ state: "detached" });
      await page.locator(".bytes.becomes", { hasText: bytes }).last().hover();
      await page.locator(".variables li.lit", { hasText: name }).waitFor();
    }
  }));

test("the composer sends a request and shows its exchange", () =>
  here.page("/-/#new", {}, async (page) => {
    await live(page);
    await field(page, "method").fill("POST");
    await field(page, "target").fill("/cgi-bin/form.py");
    await field(page, "fields").fill("X-By: hand");
    await field(page, "body").fill("name=Ada");
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.locator("#exchange h2", { hasText: "/cgi-bin/form.py" }).waitFor();
    assert.match(await variable(page, "CONTENT_LENGTH").textContent(), /=8/);
    assert.match(await variable(page, "HTTP_X_BY").textContent(), /=hand/);
    await page.getByRole("button", { name: "Send again, edited" }).click();
    assert.equal(await field(page, "body").inputValue(), "name=Ada");
  }));

test("markup of clients and scripts stays text", () =>
  here.page("/-/", {}, async (page) => {
    const path = `/cgi-bin/markup.sh/${encodeURIComponent(markup)}`;
    await ask(path, { headers: { "X-Markup": markup } });
    await row(page, "markup.sh").first().click();
    const exchange = page.locator("#exchange");
    await exchange.locator("h2", { hasText: "markup.sh" }).waitFor();
    for (const [place, at] of Object.entries({
      path: variable(page, "PATH_INFO"),
      "request field": variable(page, "HTTP_X_MARKUP"),
      "standard output": exchange.locator("pre[aria-label='Body']"),
      "header line": exchange.locator("pre[aria-label='Header block']"),
      "standard error": exchange.locator("pre.stderr"),
      "response head": exchange.locator("pre[aria-label='Response head']"),
      "response body": exchange.locator("pre[aria-label='Response body']"),
    })) {
      await at.first().waitFor();
      assert.ok((await at.first().textContent()).includes(markup), place);
    }
    assert.equal(await page.evaluate(() => window.hit), undefined);
    assert.equal(await exchange.locator("script").count(), 0);
  }));

test("a request for another host is refused", async () => {
  const port = new URL(here.url).port;
  for (const host of [`gatehouse.example:${port}`, "192.0.2.1", `localhost.example:${port}`]) {
    for (const path of ["/-/", "/-/exchanges", "/-/inspector.js"]) {
      const { status, content } = await ask(path, { headers: { Host: host } });
      assert.equal(status, 403, `${path} for ${host}`);
      assert.doesNotMatch(content, /exchanges"|<title>Inspector/);
    }
  }
  assert.equal((await ask("/-/", { headers: { Host: `localhost:${port}` } })).status, 200);
});

test("the page asks nobody but its own server", () =>
  here.page("/-/", {}, async (page) => {
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.reload();
    await live(page);
    const others = asked.filter((url) => !url.startsWith(here.url) && !url.startsWith("data:"));
    assert.deepEqual(others, []);
    assert.ok(asked.length > 3);
  }));

test("the composer begins with a preset, and offers what was asked for", () =>
  here.page("/-/", {}, async (page) => {
    await live(page);
    for (const path of ["/style.css", "/cgi-bin/upload.py?known"]) await ask(path);
    await row(page, "upload.py?known").first().waitFor();
    await page.keyboard.press("n");
    const preset = (name) => page.locator("#presets").getByRole("button", { name }).click();
    await preset("JSON");
    assert.equal(await field(page, "method").inputValue(), "POST");
    assert.match(await field(page, "fields").inputValue(), /application\/json/);
    await page.locator("#targets option[value='/cgi-bin/upload.py?known']").waitFor({
      state: "attached",
    });
    await preset("upload");
    assert.equal(await field(page, "crlf").isChecked(), true);
    assert.match(await field(page, "target").inputValue(), /upload\.py/);
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.locator("#exchange h2", { hasText: "upload.py" }).waitFor();
    await page.getByRole("button", { name: "Send again, edited" }).click();
    assert.equal(await field(page, "crlf").isChecked(), true);
    for (const [name, status] of [
      ["conditional", "304"],
      ["range", "206"],
    ]) {
      await page.goto(`${here.url}/-/#new`);
      await preset(name);
      await field(page, "target").fill("/style.css");
      await page.getByRole("button", { name: "Send", exact: true }).click();
      await page.locator("#exchange .verdict strong", { hasText: status }).waitFor();
    }
  }));

test("Esc in the composer leads back to the button that opened it", () =>
  here.page("/-/", {}, async (page) => {
    await live(page);
    await page.locator("#new-request").click();
    await page.locator("#target:focus").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#new-request:focus").waitFor();
    await shown(page, target);
    await page.getByRole("button", { name: "Send again, edited" }).click();
    await page.locator("#target:focus").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#new-request:focus").waitFor();
  }));

test("what is left of the path for the program is PATH_INFO", () =>
  here.page("/-/", {}, async (page) => {
    const part = page.locator("[data-part=request] dl > div", { hasText: "PATH_INFO" }).last();
    await shown(page, target);
    assert.match(await part.textContent(), /\/some\/path, what follows the program's name/);
    await shown(page, "/cgi-bin/env.sh");
    assert.match(await part.textContent(), /not set: the path ends with the program's name/);
  }));

async function fullView(page, path) {
  await shown(page, path);
  const response = page.locator("[data-part=response]");
  await response.getByRole("button", { name: "Full view" }).click();
  return page.getByRole("dialog");
}

test("a body has a full view, in which JSON and markup are set in order, as text", () =>
  here.page("/-/", {}, async (page) => {
    const json = await fullView(page, "/cgi-bin/json.sh");
    const ordered = '{\n  "list": [\n    1,\n    12345678901234567890\n  ],\n  "none": {}\n}';
    const plain = (text) => text.replaceAll(/LF|CR|TAB/g, "");
    assert.equal(plain(await json.locator("pre").textContent()), ordered);
    await json.getByLabel("raw").check();
    assert.match(await json.locator("pre").textContent(), /^\{"list":\[1,/);
    await page.keyboard.press("Escape");
    await json.waitFor({ state: "detached" });
    const html = await fullView(page, "/cgi-bin/page.sh");
    const text = plain(await html.locator("pre").textContent());
    assert.equal(text, `<ul>\n  <li>\n    One <b>word</b>\n</ul>\n${markup}`);
    assert.equal(await page.evaluate(() => window.hit), undefined);
    await checkSoundness(page);
    await page.getByRole("button", { name: "Close" }).click();
    await html.waitFor({ state: "detached" });
  }));

test("an image in a body is shown", () =>
  here.page("/-/", {}, async (page) => {
    await shown(page, "/cgi-bin/image.sh");
    await page.waitForFunction(() => document.querySelector(".body-image")?.naturalWidth === 1);
  }));

// The colour of each part that shows where a variable comes from.
const coloursOf = (page, name) =>
  page.evaluate((wanted) => {
    const item = [...document.querySelectorAll(".variables li")].find(
      (one) => one.querySelector(".name").textContent === wanted,
    );
    const { origin } = item.dataset;
    const styleOf = (selector) => getComputedStyle(document.querySelector(selector));
    const bytes = styleOf(`.bytes.becomes[data-origin=${origin}]`).backgroundImage;
    return {
      origin,
      item: getComputedStyle(item).borderLeftColor,
      line: styleOf(`.lines path[data-origin=${origin}]`).stroke,
      bytes: /rgb\([^)]*\)/.exec(bytes)[0],
      background: styleOf("body").backgroundColor,
    };
  }, name);

// WCAG 2.1, "contrast ratio"
function contrast(one, other) {
  const [light, dark] = [one, other]
    .map((colour) => {
      const [red, green, blue] = colour
        .match(/[\d.]+/g)
        .map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    })
    .sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

for (const scheme of ["light", "dark"]) {
  test(`each origin has one colour, from bytes to variables, ${scheme}`, () =>
    here.page("/-/", { scheme }, async (page) => {
      await shown(page, target, { headers: { "X-Colour": "teal" } });
      await page.locator(".lines path").first().waitFor({ state: "attached" });
      const origins = new Set();
      for (const name of ["REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "HTTP_X_COLOUR"]) {
        const { origin, item, line, bytes, background } = await coloursOf(page, name);
        assert.equal(line, item, name);
        assert.equal(bytes, item, name);
        assert.ok(contrast(line, background) >= 3, `${name}: ${line} on ${background}`);
        origins.add(`${origin} ${item}`);
      }
      assert.equal(origins.size, 4);
    }));
}

test("what is the same for every request is folded, and RFC sections are there on demand", () =>
  here.page("/-/", {}, async (page) => {
    await shown(page, target);
    assert.equal(await variable(page, "REMOTE_ADDR").isVisible(), false);
    await page.getByText(/variables from the connection/).click();
    assert.equal(await variable(page, "REMOTE_ADDR").isVisible(), true);
    const section = variable(page, "QUERY_STRING").locator(".clause");
    assert.equal(await section.isVisible(), false);
    await page.getByLabel("RFC sections").check();
    assert.equal(await section.isVisible(), true);
    await page.reload();
    await page.getByLabel("RFC sections").waitFor();
    assert.equal(await section.isVisible(), true);
  }));

test("the stages stay at the top, and the keys 1 to 6 lead to them", () =>
  here.page("/-/", {}, async (page) => {
    await shown(page, "/cgi-bin/failing.sh");
    await page.locator(".stage.failed", { hasText: "output" }).waitFor();
    for (const number of [6, 4, 5, 3, 2, 1]) {
      await page.keyboard.press(String(number));
      await page.locator(`#stage-${number}:focus`).waitFor();
      const strip = await page.locator(".stages").boundingBox();
      const heading = await page.locator(`#stage-${number}`).boundingBox();
      assert.ok(strip.y >= 0 && heading.y >= strip.y + strip.height, `${number} is hidden`);
      assert.ok(heading.y + heading.height <= desktop.height, `${number} is below`);
    }
    await page.getByRole("button", { name: /4 ?process/ }).click();
    await page.locator("#stage-4:focus").waitFor();
  }));

test("all of it goes by keyboard", () =>
  here.page("/-/", {}, async (page) => {
    await shown(page, target);
    await page.keyboard.press("1");
    // From the heading the next stop is the bytes, and from these the arrows and Enter lead across.
    await page.keyboard.press("Tab");
    await page.locator(".bytes:focus", { hasText: "GET" }).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.locator(".bytes.lit:focus", { hasText: "/cgi-bin/env.sh" }).waitFor();
    await page.keyboard.press("Enter");
    await page.locator("[data-part=request] .right .lit :focus").waitFor();
    await page.keyboard.press("6");
    const full = page.locator("[data-part=response]").getByRole("button", { name: "Full view" });
    await full.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.activeElement.textContent === "Full view");
    const before = await page.evaluate(() => location.hash);
    await page.keyboard.press("r");
    await page.waitForFunction((hash) => location.hash !== hash, before);
    await page.keyboard.press("j");
    await page.waitForFunction((hash) => location.hash === hash, before);
    await page.locator("#list [aria-current]:focus").waitFor();
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => location.hash === "");
  }));

test("the list has one line for each exchange, and a sign for half failures", () =>
  here.page("/-/", {}, async (page) => {
    await live(page);
    await choose(page, "all");
    for (let number = 0; number < 26; ++number) await ask(`/style.css?row=${number}.`);
    await ask("/cgi-bin/late.sh");
    await row(page, "late.sh").first().waitFor();
    await row(page, "200 !").first().waitFor();
    await row(page, "row=25.").first().waitFor();
    const seen = await page.evaluate(() => {
      const { top, bottom } = document.querySelector(".side nav").getBoundingClientRect();
      return [...document.querySelectorAll("#list li")].filter((item) => {
        const box = item.getBoundingClientRect();
        return box.height < 30 && box.top >= top && box.bottom <= bottom + 1;
      }).length;
    });
    assert.ok(seen >= 25, `${seen} rows`);
    await page.keyboard.press("?");
    await page.getByRole("dialog").getByText("it answered, then something failed").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
  }));

test("scripts come first where there are any, until somebody chooses or looks for more", () =>
  here.page("/-/", {}, async (page) => {
    const chosen = (kind) => page.locator(`.chips [value=${kind}]:checked`).waitFor();
    const seen = (text) => row(page, text).first();
    const unseen = (text) => seen(text).waitFor({ state: "detached" });
    await page.route(/\/-\/exchanges\?contains=/, (route) => route.fulfill({ json: { ids: [] } }));
    await ask("/style.css?beside");
    await ask("/cgi-bin/env.sh?first");
    await seen("env.sh?first").waitFor();
    await chosen("scripts");
    await unseen("style.css?beside");
    await page.locator("#others", { hasText: "left out" }).waitFor();
    assert.equal(await page.locator(".chips label").first().textContent(), "scripts");
    await page.locator("#filter-text").fill("?beside");
    await seen("style.css?beside").waitFor();
    const { exchanges } = JSON.parse((await ask("/-/exchanges")).content);
    const { id } = exchanges.find((one) => one.target.includes("?beside"));
    await page.locator("#filter-text").fill("");
    await chosen("scripts");
    await page.evaluate((hash) => (location.hash = hash), `#${id}`);
    await chosen("all");
    await page.locator("#list [aria-current]", { hasText: "?beside" }).waitFor();
    await page.evaluate(() => (location.hash = ""));
    await chosen("scripts");
    await page.getByRole("button", { name: "Show all" }).click();
    await seen("style.css?beside").waitFor();
    await ask("/cgi-bin/env.sh?later");
    await seen("env.sh?later").waitFor();
    await chosen("all");
  }));

test("the chips leave scripts, files, or what failed", () =>
  here.page("/-/", {}, async (page) => {
    await ask("/cgi-bin/env.sh?chip");
    await ask("/cgi-bin/failing.sh?chip");
    await ask("/style.css?chip");
    const seen = (text) => row(page, text).first();
    const chip = (name) => choose(page, name);
    await seen("env.sh?chip").waitFor();
    await chip("all");
    await seen("style.css?chip").waitFor();
    await page.locator("#exchange h2", { hasText: "failing.sh?chip" }).waitFor();
    await chip("files");
    await seen("env.sh?chip").waitFor({ state: "detached" });
    await seen("style.css?chip").waitFor();
    await chip("scripts");
    await seen("style.css?chip").waitFor({ state: "detached" });
    await seen("env.sh?chip").waitFor();
    await chip("failed");
    await seen("env.sh?chip").waitFor({ state: "detached" });
    await seen("failing.sh?chip").waitFor();
  }));

test("the filter finds paths and statuses, and arrows and Enter work in it", () =>
  here.page("/-/", {}, async (page) => {
    // What the server would find in bodies and fields is left out here.
    await page.route(/\/-\/exchanges\?contains=/, (route) => route.fulfill({ json: { ids: [] } }));
    for (const number of [1, 2, 3]) await ask(`/missing-${number}?filtered`);
    await page.keyboard.press("/");
    await page.keyboard.type("404");
    await page.waitForFunction(() =>
      [...document.querySelectorAll("#list .status")].every((one) => one.textContent === "404"),
    );
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("?filtered");
    await page.waitForFunction(() => document.querySelectorAll("#list li").length === 3);
    await page.keyboard.press("ArrowDown");
    await page.locator("#exchange h2", { hasText: "missing-3" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.locator("#exchange h2", { hasText: "missing-2" }).waitFor();
    await page.keyboard.press("ArrowUp");
    await page.locator("#exchange h2", { hasText: "missing-3" }).waitFor();
    await page.keyboard.press("Enter");
    await page.locator("#detail:focus").waitFor();
  }));

test("the filter finds what only the server knows, such as the value of a field", () =>
  here.page("/-/", {}, async (page) => {
    await shown(page, "/cgi-bin/env.sh?sought", { headers: { "X-Colour": "turquoise" } });
    await page.locator("#filter-text").fill("Turquoise");
    await row(page, "env.sh?sought").first().waitFor();
    await page.waitForFunction(() => document.querySelectorAll("#list li").length === 1);
    await page.locator("#filter-text").fill("in no exchange");
    await page.waitForFunction(() => document.querySelectorAll("#list li").length === 0);
  }));

test("an exchange is pinned and unpinned, by button and by key", () =>
  here.page("/-/", {}, async (page) => {
    const button = (name) => page.getByRole("button", { name, exact: true });
    const kept = async () => {
      const id = (await page.evaluate(() => location.hash)).slice(1);
      return JSON.parse((await ask(`/-/exchanges/${id}`)).content).pinned;
    };
    await shown(page, target);
    await button("Pin").click();
    await button("Unpin").waitFor();
    assert.equal(await kept(), true);
    await page.reload();
    await button("Unpin").waitFor();
    await page.keyboard.press("p");
    await button("Pin").waitFor();
    assert.equal(await kept(), false);
  }));

const verdict = (page, text) => page.locator("#exchange .verdict strong", { hasText: text });

test("the end of a process that outlives its exchange is seen without a reload", () =>
  here.page("/-/", {}, async (page) => {
    await ask("/cgi-bin/lingers.sh");
    await row(page, "lingers.sh").first().click();
    await verdict(page, "200 OK after").waitFor();
    const process = page.locator("[data-part=process] dl");
    await process.getByText("running", { exact: true }).waitFor();
    await fetch(`${here.url}/cgi-bin/goes-on.sh`, { headers: { Connection: "close" } });
    await process.getByText("exited with status 4").waitFor();
    assert.equal(await process.getByText("running", { exact: true }).count(), 0);
  }));

test("a program that outlives a client that leaves is seen to end", () =>
  here.page("/-/", {}, async (page) => {
    const client = http.get(`${here.url}/cgi-bin/stubborn.sh`, (response) =>
      response.once("data", () => client.destroy()),
    );
    client.on("error", () => {});
    await row(page, "stubborn.sh").first().click();
    await verdict(page, /process \d+ (was ended by SIG|exited|failed|ended)/).waitFor();
    await page.locator("[data-part=process] dl").getByText("Ended").waitFor();
  }));

// The names are of 46, 106 and 7,000 characters.
for (const size of [phone, desktop]) {
  test(`a name without a break stays in its column, ${size.width} pixels wide`, () =>
    here.page("/-/", { size }, async (page) => {
      for (const length of [46, 106, 7000]) {
        const name = `/${"Quarterly_Report_".repeat(length).slice(0, length - 6)}.html`;
        await ask(name);
        await page.goto(`${here.url}/-/`);
        await choose(page, "all");
        await row(page, name).first().click();
        const heading = page.locator("#exchange h2", { hasText: ".html" });
        await heading.waitFor();
        assert.ok((await heading.boundingBox()).height < size.height / 2, `${length} characters`);
        await checkSoundness(page);
      }
      const heading = page.locator("#exchange h2");
      await page.getByRole("button", { name: "… 6,850 more …" }).click();
      assert.equal((await heading.textContent()).length, "GET ".length + 7000);
      await checkSoundness(page);
    }));
}

// Pins exchanges, as the page does it.
async function pinAll(ids, what) {
  const headers = { "Gatehouse-Inspector": "1" };
  for (const id of ids) await ask(`/-/exchanges/${id}/${what}`, { method: "POST", headers });
}

test("where no more exchanges can be pinned the reason stands beside the button", () =>
  here.page("/-/", {}, async (page, faults) => {
    for (let number = 0; number < 50; ++number) await ask(`/style.css?pinned=${number}.`);
    await choose(page, "all");
    await row(page, "pinned=49.").first().waitFor();
    const { exchanges } = JSON.parse((await ask("/-/exchanges")).content);
    const ids = exchanges.filter(({ target }) => target.includes("?pinned=")).map(({ id }) => id);
    await pinAll(ids, "pin");
    await shown(page, target);
    await page.getByRole("button", { name: "Pin", exact: true }).click();
    const said = page.locator("#pin-said", { hasText: "50 exchanges are pinned" });
    await said.waitFor();
    assert.ok((await said.boundingBox()).height > 10);
    await checkSoundness(page);
    await pinAll(ids, "unpin");
    await page.getByRole("button", { name: "Pin", exact: true }).click();
    await page.getByRole("button", { name: "Unpin", exact: true }).click();
    await page.getByRole("button", { name: "Pin", exact: true }).waitFor();
    assert.equal(await said.count(), 0);
    assert.ok(faults.every((fault) => /409/.test(fault)), faults.join("\n"));
    faults.length = 0;
  }));

test("on a projector no letter is smaller than 14 pixels", () =>
  here.page("/-/", { size: projector }, async (page) => {
    for (const path of [target, "/cgi-bin/failing.sh"]) {
      await shown(page, path);
      const small = await page.evaluate(() => {
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const out = new Set();
        while (texts.nextNode()) {
          const { parentElement: parent, data } = texts.currentNode;
          const isSeen = data.trim() !== "" && parent.checkVisibility();
          if (isSeen && parseFloat(getComputedStyle(parent).fontSize) < 14)
            out.add(`${parent.tagName}.${parent.getAttribute("class")}: ${data.slice(0, 20)}`);
        }
        return [...out];
      });
      assert.deepEqual(small, []);
    }
  }));

const views = {
  "an exchange with a program": (page) => shown(page, target),
  "an exchange that failed": (page) => shown(page, "/cgi-bin/failing.sh"),
  "a file": (page) => shown(page, "/style.css"),
  "the composer": async (page) => {
    await page.goto(`${here.url}/-/#new`);
    await field(page, "method").waitFor();
  },
  "the list": async (page) => {
    await ask(target);
    await row(page, target).first().waitFor();
  },
};

for (const look of looks) {
  for (const [view, show] of Object.entries(views)) {
    test(`${view} is sound, ${nameOf(look)}`, () =>
      here.page("/-/", look, async (page) => {
        await live(page);
        await show(page);
        await checkSoundness(page);
      }));
  }
}
