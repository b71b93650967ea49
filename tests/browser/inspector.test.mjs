// The inspector, as whoever opens /-/ sees it.

import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";

import { checkSoundness, desktop, phone } from "./browser.mjs";
import { world } from "./world.mjs";

const markup = "<script>window.hit = true</script>";

const here = world({
  scripts: {
    "markup.sh": `#!/bin/sh
echo '${markup}' >&2
printf 'Content-Type: text/plain\\nX-Markup: ${markup}\\n\\n${markup}\\n'
`,
    "failing.sh": "#!/bin/sh\necho 'it went wrong' >&2\necho 'no header'\nexit 3\n",
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

let asked = 0;

// The exchange of a request that is made now, on the page; a number tells it from earlier ones.
async function shown(page, path, options) {
  const once = `${path}${path.includes("?") ? "&" : "?"}number=${++asked}.`;
  await ask(once, options);
  await row(page, once).click();
  await page.locator("#exchange h2", { hasText: once }).waitFor();
}

async function live(page) {
  await page.locator("#connection.live").waitFor();
}

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

for (const scheme of ["light", "dark"]) {
  for (const [name, size] of Object.entries({ desktop, phone })) {
    for (const [view, show] of Object.entries(views)) {
      test(`${view} is sound, ${name}, ${scheme}`, () =>
        here.page("/-/", { size, scheme }, async (page) => {
          await live(page);
          await show(page);
          await checkSoundness(page);
        }));
    }
  }
}
