// The tour in www/tour/: its pages, and the parts of them that work live.

import assert from "node:assert/strict";
import { test } from "node:test";

import { checkEveryLook, checkSoundness, desktop, phone } from "./browser.mjs";
import { world } from "./world.mjs";

const steps = [
  "1-server.html",
  "2-request.html",
  "3-response.html",
  "4-files.html",
  "5-script.html",
  "6-forms.html",
  "7-cost.html",
  "8-beyond.html",
];

const here = world({
  scripts: {
    "gone.sh": `#!/bin/sh
echo 'Status: 404 Not Found'
echo 'Content-Type: text/plain'
echo
echo 'Gone.'
`,
    "hello.sh": `#!/bin/sh
echo 'Content-Type: text/plain; charset=utf-8'
echo
echo "Hello, <b>$QUERY_STRING</b>"
`,
  },
});
const without = world({ options: [] });

const pressed = (page, name) => page.getByRole("button", { name, exact: true }).click();
const knowsOfInspector = (page) =>
  page.waitForFunction(() => [...document.querySelectorAll(".off")].every(({ hidden }) => hidden));
const says = (page, part, text) => page.locator(part, { hasText: text }).first().waitFor();

for (const step of ["", ...steps, "class"]) {
  test(`/tour/${step} is sound at every width, light and dark`, () =>
    here.page(`/tour/${step}`, {}, async (page) => {
      await knowsOfInspector(page);
      await checkEveryLook(page);
    }));
}

const given = (page, line) => page.locator("#code .line", { hasText: line }).locator(".gave");

test("step 1: a server in twenty lines runs, and each of its calls is shown", () =>
  here.page("/tour/1-server.html", {}, async (page) => {
    await pressed(page, "Start");
    await says(page, "#code .waits", "listener.accept()");
    await pressed(page, "Connect");
    await says(page, "#code .lit", "listener.accept()");
    await says(page, "#code .waits", "connection.recv(1024)");
    await page.locator("#request").fill("GET /green/tea HTTP/1.1\nHost: a\n");
    await pressed(page, "Send");
    await says(page, "#code .lit .gave", "GET /green/tea HTTP/1.1\\r\\nHost: a\\r\\n");
    await says(page, "#said", "has read 34 bytes and waits in recv for more: no empty line yet");
    assert.equal(await given(page, "sendall(").count(), 0);
    await page.locator("#request").fill("\n");
    await pressed(page, "Send");
    await says(page, "#code .lit .gave", "HTTP/1.1 200 OK\\r\\n");
    await says(page, "#tools", "Content-Length: 23\n\nGET /green/tea HTTP/1.1");
    await says(page, "#said", /^The answer is here: \d+ bytes/);
    await page.waitForFunction((height) => {
      const { top, bottom } = document.querySelector("#tools").getBoundingClientRect();
      return top >= 0 && bottom <= height;
    }, desktop.height);
    for (const [tab, text] of [
      ["curl -v", "> GET /green/tea HTTP/1.1\n> Host: a\n>\n< HTTP/1.1 200 OK"],
      ["python requests", ">>> r.text\n'GET /green/tea HTTP/1.1'"],
      ["browser", "/green/tea\n\nGET /green/tea HTTP/1.1"],
    ]) {
      await page.getByRole("tab", { name: tab }).click();
      const shown = await page.locator("#tools").textContent();
      assert.ok(shown.includes(text), shown);
    }
    await page.getByLabel("an error").check();
    await pressed(page, "Hang up");
    await says(page, "#code .the-answer", "0 bytes");
    await says(page, "#guess output", "Otherwise than you guessed: 0 bytes");
    await says(page, "#code .waits", "listener.accept()");
    await checkSoundness(page);
  }));

// What each tab shows.
async function tabs(page) {
  const shown = {};
  for (const tab of ["telnet", "curl -v", "python requests", "browser"]) {
    await page.getByRole("tab", { name: tab }).click();
    shown[tab] = await page.locator("#tools").textContent();
  }
  return shown;
}

async function sendTo(page, request) {
  await page.locator("#request").fill(request);
  await pressed(page, "Send");
  await says(page, "#code .waits", "connection.recv(1024)");
}

test("step 1: of two requests on one connection each tool shows what it would show", () =>
  here.page("/tour/1-server.html", {}, async (page) => {
    await pressed(page, "Start");
    await page.locator("#connect:not([disabled])").waitFor();
    await pressed(page, "Connect");
    await page.locator("#send:not([disabled])").waitFor();
    for (const path of ["/one", "/two"]) {
      await page.getByRole("tab", { name: "telnet" }).click();
      await sendTo(page, `GET ${path}'s HTTP/1.1\nHost: a\n\n`);
      await says(page, "#tools", `Content-Length: 19\n\nGET ${path}'s HTTP/1.1`);
    }
    const shown = await tabs(page);
    const answer = "HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 19\n\n";
    const spoken = (path) => `GET ${path}'s HTTP/1.1\nHost: a\n\n${answer}GET ${path}'s HTTP/1.1`;
    assert.ok(shown.telnet.endsWith(`${spoken("/one")}\n${spoken("/two")}`), shown.telnet);
    assert.match(shown["curl -v"], /^\$ curl -v 'http:\/\/127.0.0.1:\d+\/one'\\''s'\n/);
    assert.ok(shown["curl -v"].endsWith("\n<\nGET /one's HTTP/1.1\n* Connection #0 to host 127.0.0.1 left intact"), shown["curl -v"]);
    assert.match(shown["python requests"], /requests\.get\("http:\/\/127.0.0.1:\d+\/one's"\)\n/);
    assert.ok(shown["python requests"].endsWith(`>>> r.text\n"GET /one's HTTP/1.1"`), shown["python requests"]);
    assert.match(shown.browser, /^127.0.0.1:\d+\/one's\n\nGET \/one's HTTP\/1.1$/);
    for (const text of Object.values(shown).slice(1)) assert.doesNotMatch(text, /two/);
  }));

test("step 1: the tools show the method and the body that were typed", () =>
  here.page("/tour/1-server.html", {}, async (page) => {
    await pressed(page, "Start");
    await page.locator("#connect:not([disabled])").waitFor();
    await page.locator("#request").fill("PUT /tea HTTP/1.1\n\n");
    await pressed(page, "Connect");
    await page.locator("#send:not([disabled])").waitFor();
    let shown = await tabs(page);
    assert.match(shown["curl -v"], /^\$ curl -v -X PUT http:\/\/127.0.0.1:\d+\/tea\n/);
    assert.match(shown["python requests"], /requests\.put\('http:\/\/127.0.0.1:\d+\/tea'\)\n… put\(\) has not/);
    await sendTo(page, "POST /caf\u00e9 HTTP/1.1\nHost: a\nX-Colour: teal\n\nname=Ada\nLovelace");
    await page.getByRole("tab", { name: "browser" }).click();
    await says(page, "#tools", "POST /caf\u00e9 HTTP/1.1");
    shown = await tabs(page);
    assert.match(shown["curl -v"], /^\$ curl -v -H 'X-Colour: teal' -d \$'name=Ada\\r\\nLovelace' 'http:/);
    assert.match(shown["curl -v"], /\n> X-Colour: teal\n> Content-Length: 18\n>\n< HTTP/);
    assert.match(shown["python requests"], /requests\.post\('http.*', data='name=Ada\\r\\nLovelace', headers={'X-Colour': 'teal'}\)\n/);
    // As Python does it for a text that does not name its encoding.
    assert.match(shown["python requests"], />>> r\.text\n'POST \/caf\u00c3\u00a9 HTTP\/1\.1'$/);
    await checkSoundness(page);
    await page.locator("#request").fill("");
    await page.locator("#send[disabled]").waitFor();
  }));

test("step 1: the server ends with the page, and only its own page can drive it", () =>
  here.page("/tour/1-server.html", {}, async (page) => {
    await pressed(page, "Start");
    await page.locator("#connect:not([disabled])").waitFor();
    const posted = page.waitForRequest((request) => request.method() === "POST");
    await pressed(page, "Connect");
    await says(page, "#code .waits", "connection.recv(1024)");
    const address = new URL((await posted).url());
    const drive = (session, action) =>
      fetch(`${here.url}${address.pathname}?session=${session}&do=${action}`, { method: "POST" });
    const session = address.searchParams.get("session");
    const wrong = session.slice(0, -1) + (session.endsWith("0") ? "1" : "0");
    assert.equal((await drive(wrong, "hang-up")).status, 404);
    assert.equal((await drive("../../etc.x", "hang-up")).status, 400);
    assert.equal((await drive(session, "connect")).status, 409);
    await page.goto("about:blank");
    // The server has the process ended when the page has left.
    let left = 0;
    for (let tries = 0; tries < 100 && left !== 404; ++tries) left = (await drive(session, "hang-up")).status;
    assert.equal(left, 404);
  }));

test("the program behind step 1 says what it is for when it is just asked for", async () => {
  const answer = await fetch(`${here.url}/cgi-bin/socket-server.py`);
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /^The first step of the tour/);
});

// Each page on which something is typed into a terminal, with how many lines say where.
for (const [path, count] of Object.entries({
  "/": 1,
  "/tour/": 1,
  "/tour/1-server.html": 1,
  "/tour/4-files.html": 1,
  "/tour/5-script.html": 1,
  "/tour/7-cost.html": 1,
})) {
  test(`${path} names the directory that is really served`, () =>
    here.page(path, {}, async (page) => {
      const places = page.locator(".place");
      await places.first().waitFor();
      assert.equal(await places.count(), count);
      assert.match(await places.first().textContent(), new RegExp(`^cd ${here.server.site}(Copy)?$`));
      assert.deepEqual(await page.locator(".place-unknown").filter({ visible: true }).allTextContents(), []);
    }));
}

test("step 5: where the directory cannot be learnt, the page says how to find it", () =>
  here.page("/tour/", {}, async (page, faults) => {
    await page.route("**/cgi-bin/env.sh", (route) => route.fulfill({ status: 404 }));
    const asked = page.waitForResponse("**/cgi-bin/env.sh");
    await page.goto(`${here.url}/tour/5-script.html`);
    await asked;
    await page.getByText("the copy gatehouse-tour if gatehouse tour has made it").waitFor();
    await page.getByText("./gatehouse new greeting.sh").waitFor();
    assert.equal(await page.locator(".place").isVisible(), false);
    assert.ok(faults.every((fault) => fault.includes("env.sh")), faults.join("\n"));
    faults.length = 0;
  }));

test("step 2: a request typed by hand gets its raw answer", () =>
  here.page("/tour/2-request.html", {}, async (page) => {
    await pressed(page, "Send");
    await says(page, "#answer li", "HTTP/1.1 200 OK");
    await says(page, "#answer li", "An empty line.");
    await page.locator("#typed").fill("Good morning, server!\n\n");
    await pressed(page, "Send");
    await says(page, "#answer li", "HTTP/1.1 400");
    await page.locator('[data-example="open"]').click();
    await says(page, "#said", "wait");
  }));

test("step 2: line ends are seen, and the answer stands beside the buttons", () =>
  here.page("/tour/2-request.html", {}, async (page) => {
    await page.locator(".guess").getByLabel("400").check();
    await page.locator("#typed").fill("GET /style.css HTTP/1.1\n\n");
    assert.deepEqual(await page.locator(".marks i").allTextContents(), ["\\r\\n", "\\r\\n"]);
    await says(page, ".marks em", "the empty line");
    await pressed(page, "Send");
    await says(page, "#answer .the-answer", "HTTP/1.1 400");
    await says(page, "#guess output", "As you guessed");
    const send = await page.getByRole("button", { name: "Send", exact: true }).boundingBox();
    const first = await page.locator("#answer li").first().boundingBox();
    assert.ok(first.x > send.x + send.width && Math.abs(first.y - send.y) < 400, JSON.stringify([send, first]));
    await checkSoundness(page);
  }));

test("step 2: only a request that lacks Host and nothing else settles what is answered without it", () =>
  here.page("/tour/2-request.html", {}, async (page) => {
    const result = page.locator("#guess output");
    const answered = async (text, status) => {
      await page.locator("#typed").fill(text);
      await pressed(page, "Send");
      await says(page, "#answer li", `HTTP/1.1 ${status}`);
    };
    await answered("Good morning, server!\n\n", 400);
    assert.equal(await result.textContent(), "");
    await answered("GET /tour/hello.txt HTTP/1.0\n\n", 200);
    assert.equal(await result.textContent(), "");
    await answered("GET /tour/hello.txt HTTP/1.1\nno field\n\n", 400);
    assert.equal(await result.textContent(), "");
    await page.locator('[data-example="hostless"]').click();
    await says(page, "#guess output", "It is: 400");
    await page.locator('[data-example="whole"]').click();
    await says(page, "#answer li", "HTTP/1.1 200 OK");
    assert.equal(await result.textContent(), "");
  }));

test("step 2: where nothing is typed it is said at once that there is nothing to send", () =>
  here.page("/tour/2-request.html", {}, async (page) => {
    await page.locator("#typed").fill("");
    await pressed(page, "Send");
    await says(page, "#said", "There is nothing to send");
    await checkSoundness(page);
  }));

test("step 3: a response is shown line by line, and as numbers", () =>
  here.page("/tour/3-response.html", {}, async (page) => {
    await says(page, "#live-response li", "HTTP/1.1 200 OK");
    await page.getByLabel("one of the fields").check();
    await pressed(page, "Ask again");
    await says(page, "#live-response .the-answer", "Content-Length");
    await says(page, "#guess output", "As you guessed");
    await page.locator("#numbers").check();
    await says(page, "#live-response li small", "48 54 54 50 2f 31 2e 31");
  }));

test("step 4: a file that has not changed is not sent again", () =>
  here.page("/tour/4-files.html", {}, async (page) => {
    await page.locator("#without").click();
    await says(page, "#said", "Status 200");
    await page.locator("#with").click();
    await says(page, "#said", "304 Not Modified");
    assert.equal(await page.locator("#asked tr").count(), 2);
    await says(page, "#asked .the-answer", "0 bytes");
  }));

test("step 5: the reader's script is run and its variables are shown", () =>
  here.page("/tour/5-script.html", {}, async (page, faults) => {
    await page.locator("#guess input[value=whole]").check();
    await pressed(page, "Run");
    await says(page, "#printed", "Hello, <b>tea</b>");
    const query = page.locator("#variables tr", { hasText: "QUERY_STRING" });
    await query.waitFor();
    assert.match(await query.textContent(), /tea/);
    await says(page, "#stdout", "Content-Type: text/plain");
    await says(page, "#hello .lit", "$QUERY_STRING");
    await says(page, "#variables .the-answer", "/green");
    await says(page, "#guess output", "Otherwise than you guessed: /green");
    assert.deepEqual(faults, []);
    await page.locator("#name").fill("not-there.sh");
    await pressed(page, "Run");
    await says(page, "#said", "Status 404");
    await says(page, "#said", `There is no ${here.server.site}/cgi-bin/not-there.sh yet`);
    await page.locator("#name").fill("gone.sh");
    await pressed(page, "Run");
    await says(page, "#said", "which your script has set");
    assert.ok(faults.every((fault) => /not-there|gone/.test(fault)), faults.join("\n"));
    faults.length = 0;
  }));

test("step 6: forms, uploads, cookies, redirects and streams work", () =>
  here.page("/tour/6-forms.html", {}, async (page) => {
    await pressed(page, "Send by GET");
    await says(page, "#form-sent", "GET /cgi-bin/form.py?name=Ada");
    await says(page, "#form-answer", "name=Ada");
    await says(page, "#form-sent.the-answer", "more+tea+%26+cake");
    await says(page, ".lit", 'os.environ.get("QUERY_STRING"');
    await pressed(page, "Send by POST");
    await says(page, "#form-sent", "POST /cgi-bin/form.py");
    await says(page, "#form-answer", "standard input");
    await says(page, ".lit", "sys.stdin.buffer.read");
    await pressed(page, "Send a small one made here");
    await says(page, "#upload-sent", 'filename="sample.txt"');
    await says(page, "#upload-answer", "sample.txt");
    for (const number of [1, 2]) {
      await page.getByRole("link", { name: "Visit", exact: true }).click();
      await says(page, "#cookie-answer", `Visit number ${number}.`);
    }
    await says(page, "#cookie-wire", "> Cookie: visits=1");
    await says(page, ".lit", "HTTP_COOKIE");
    await page.getByRole("link", { name: "Inside the server" }).click();
    await says(page, "#redirect-answer", "one request");
    await says(page, ".lit", "sent-by=local-redirect");
    await page.getByRole("link", { name: "by way of the browser" }).click();
    await says(page, "#redirect-answer", "two requests");
    await page.locator("#start").click();
    await says(page, "#pieces", "status 200");
    await says(page, "#pieces span", ": counting  (a comment, which is skipped)");
    await says(page, "#pieces span", "id: 1  data: 1 of 8");
    await page.locator("#pieces span").nth(2).waitFor();
    await page.locator("#stop").click();
    await says(page, "#pieces", "left; the server stops the script");
  }));

test("step 7: what scripts cost is measured and drawn", () =>
  here.page("/tour/7-cost.html", {}, async (page) => {
    await pressed(page, "Measure");
    // Six kinds of requests, among them programs in Python: seconds on a slow machine.
    await page.waitForFunction(() => document.querySelector("#progress").value > 12, null, { timeout: 90_000 });
    await pressed(page, "Stop");
    await says(page, "#said", /^\d+ requests of each kind/);
    assert.equal(await page.locator("#spread .the-answer").count(), 1);
    assert.equal(await page.locator("#recorded").isVisible(), false);
    await says(page, "#decades", /1 ms10 ms100 ms|10 ms100 ms/);
    // Too few requests to tell every part from chance; which ones is left to the machine.
    for (const part of await page.locator("#parts li").all()) {
      const isNoise = await part.evaluate((item) => item.classList.contains("noise"));
      assert.match(await part.locator("b").textContent(), isNoise ? /^noise$/ : /^[\d.]+ ms$/);
    }
    for (const name of ["file", "calc", "sh", "perl", "python", "work"]) {
      const row = page.locator(`#spread [data-name="${name}"]`);
      assert.match(await row.locator(".of-median").textContent(), /^[\d.]+ ms$/, name);
      assert.notEqual(await row.locator("svg .bars").getAttribute("d"), "", name);
    }
  }));

test("step 7: numbers that were not measured here are called recorded", () =>
  here.page("/tour/7-cost.html", {}, async (page) => {
    let letGo;
    const held = new Promise((resolve) => (letGo = resolve));
    await page.route("**/cgi-bin/cost/work.py", (route) => held.then(() => route.continue()));
    await pressed(page, "Measure");
    await pressed(page, "Stop");
    letGo();
    await says(page, "#said", "Stopped in the first 10 rounds, which are not counted.");
    await says(page, "#recorded", "These numbers are recorded");
    assert.equal(await page.locator("#recorded").isVisible(), true);
  }));

test("keys turn the pages, and not while one types", () =>
  here.page("/tour/", {}, async (page) => {
    await page.keyboard.press("ArrowRight");
    await page.waitForURL("**/tour/1-server.html");
    await page.keyboard.press("ArrowRight");
    await page.waitForURL("**/tour/2-request.html");
    await knowsOfInspector(page);
    await page.locator("#typed").press("ArrowRight");
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    await page.locator("#typed").press("PageDown");
    assert.match(page.url(), /2-request/);
    await page.locator("#typed").evaluate((box) => box.blur());
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    await page.keyboard.press("PageDown");
    await page.waitForURL("**/tour/3-response.html");
    await page.keyboard.press("PageDown");
    assert.match(page.url(), /3-response/);
    await page.keyboard.press("ArrowLeft");
    await page.waitForURL("**/tour/2-request.html");
  }));

test("sources are short and coloured, do not wrap, and show where they go on", () =>
  here.page("/tour/6-forms.html", { size: phone }, async (page) => {
    const sources = page.locator("pre.source");
    assert.equal(await sources.count(), 5);
    for (const source of await sources.all()) {
      assert.ok((await source.locator(".line").count()) <= 12);
      assert.ok((await source.locator(".keyword, .string").count()) > 0);
      const { white, wide, edge } = await source.evaluate((node) => ({
        white: getComputedStyle(node).whiteSpace,
        wide: node.scrollWidth > node.clientWidth,
        edge: getComputedStyle(node).backgroundImage,
      }));
      assert.equal(white, "pre");
      assert.ok(wide && edge.includes("gradient"));
    }
    // Colours on a lit line, in both schemes.
    await pressed(page, "Send by POST");
    await says(page, ".lit", "sys.stdin.buffer.read");
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await checkSoundness(page);
    }
  }));

test("steps have names beside their numbers where there is room", () =>
  here.page("/tour/2-request.html", {}, async (page) => {
    const name = page.locator(".steps [aria-current] .name");
    assert.ok((await name.boundingBox()).width > 20);
    await page.setViewportSize(phone);
    assert.ok((await name.boundingBox()).width < 2);
    assert.equal(await page.getByRole("link", { name: "Step 2 Request" }).count(), 1);
  }));

test("the plan of a lesson prints on one page", () =>
  here.page("/tour/class", {}, async (page) => {
    await page.locator("h1", { hasText: "90 minutes" }).waitFor();
    assert.equal(await page.locator(".plan tbody th a").count(), steps.length);
    const sheets = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
    assert.equal(sheets.match(/\/Type\s*\/Page\b/g).length, 1);
  }));

test("on a phone the plan of a lesson keeps the headings of its table", () =>
  here.page("/tour/class", { size: phone }, async (page) => {
    const before = (cell) => page.locator(cell).first().evaluate((node) => getComputedStyle(node, "::before").content);
    assert.equal(await before('.plan [data-label="Minute"]'), '"Minute: "');
    assert.equal(await before('.plan [data-label="Guess"]'), '"Guess: "');
  }));

test("on a phone no drawing reaches out of the text", () =>
  here.page("/tour/", { size: phone }, async (page) => {
    for (const path of ["/tour/", "/tour/6-forms.html"]) {
      await page.goto(here.url + path);
      const out = await page.locator(".drawing text").evaluateAll((texts) =>
        texts
          .filter((text) => text.getBoundingClientRect().right > text.ownerSVGElement.getBoundingClientRect().right + 1)
          .map((text) => text.textContent),
      );
      assert.deepEqual(out, [], path);
    }
  }));

test("the start page leads to the inspector where it is on", async () => {
  await here.page("/", {}, async (page) => {
    await page.getByRole("link", { name: "Open the inspector" }).click();
    await page.waitForURL("**/-/");
  });
  await without.page("/", {}, async (page) => {
    const asked = page.waitForResponse((answer) => answer.url().endsWith("/-/"));
    await page.reload();
    assert.equal((await asked).status(), 404);
    assert.equal(await page.getByRole("link", { name: "Open the inspector" }).isVisible(), false);
  });
});

test("where the inspector is off the tour says how to turn it on", () =>
  without.page("/tour/2-request.html", {}, async (page, faults) => {
    const answered = page.waitForResponse(/\/-\/exchanges$/);
    await page.reload();
    assert.equal((await answered).status(), 404);
    await page.getByText("start it again as before, with --inspect added").waitFor();
    assert.equal(await page.locator("#by-hand").isVisible(), false);
    assert.ok(faults.every((fault) => fault.includes("/-/exchanges")), faults.join("\n"));
    faults.length = 0;
  }));

test("without JavaScript the tour is a text with nothing that does not work", () =>
  without.page("/tour/", { scripting: false }, async (page) => {
    for (const step of steps) {
      await page.goto(`${without.url}/tour/${step}`);
      await page.locator("h1").waitFor();
      assert.deepEqual(await page.locator("button:not(form button)").filter({ visible: true }).allTextContents(), [], step);
    }
  }));
