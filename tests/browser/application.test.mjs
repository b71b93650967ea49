// The inspector on what stays in memory: applications that run elsewhere, by FastCGI, Python
// applications in workers, and scripts that start out of a template. With
// GATEHOUSE_SCREENSHOTS=DIRECTORY in the environment there is a picture of each.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { checkSoundness, looks, nameOf } from "./browser.mjs";
import { world } from "./world.mjs";

const room = await mkdtemp(path.join(tmpdir(), "gatehouse-application-"));
const socket = path.join(room, "socket");

function record(type, content) {
  const header = Buffer.alloc(8);
  header.set([1, type, 0, 1]);
  header.writeUInt16BE(content.length, 4);
  return Buffer.concat([header, Buffer.from(content)]);
}

const [stdin, stdout] = [5, 6];
const endRequest = record(3, Buffer.alloc(8));

// Answers each request when the empty record that ends its body has come.
function answer(connection) {
  let bytes = Buffer.alloc(0);
  connection.on("error", () => {});
  connection.on("data", (more) => {
    bytes = Buffer.concat([bytes, more]);
    while (bytes.length >= 8) {
      const content = bytes.readUInt16BE(4);
      const whole = 8 + content + bytes[6];
      if (bytes.length < whole) return;
      if (bytes[1] === stdin && content === 0) {
        connection.write(record(stdout, "Content-Type: text/plain\n\nhello"));
        connection.write(endRequest);
      }
      bytes = bytes.subarray(whole);
    }
  });
}

// A Python application with frames of its own in its tracebacks.
const shop = `import time

PRICES = {"tea": 3}

def price_of(name):
    return PRICES[name]

def order(environ):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    print("an order of", length, "bytes")
    return environ["wsgi.input"].read(length)

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/price":
        price_of(environ["QUERY_STRING"])
    body = order(environ)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ordered: ", body]
`;

const hello = `#!/usr/bin/python3
print("Content-Type: text/plain\\n")
print("hello")
`;

const application = net.createServer(answer);
before(async () => {
  await writeFile(path.join(room, "shop.py"), shop);
  await new Promise((resolve) => application.listen(socket, resolve));
});
after(() => rm(room, { recursive: true }));
const here = world({
  options: [
    "--inspect",
    "--map",
    `/app fastcgi:unix:${socket}`,
    "--map",
    `/nobody fastcgi:unix:${room}/nobody`,
    "--map",
    `/shop wsgi:shop dir=${room} workers=1`,
    "--warm",
    "python3",
  ],
  scripts: { "hello.py": hello },
});
after(() => application.close());

function ask(target, method = "GET", body = "") {
  return new Promise((resolve, reject) => {
    const request = http.request(here.url + target, { method }, (response) =>
      response.resume().on("end", resolve),
    );
    request.on("error", reject);
    request.end(body);
  });
}

async function shown(page, target, ...how) {
  await page.locator("#connection.live").waitFor();
  await ask(target, ...how);
  await page.locator("#list li", { hasText: target }).first().click();
  await page.locator("#exchange h2", { hasText: target }).waitFor();
}

const step = (page) => page.locator("[data-part=process]");
const stage = (page, number) => page.locator(".stages button").nth(number - 1);

test("an application that is asked is stage 4, with each record by type and length", () =>
  here.page("/-/", {}, async (page) => {
    await shown(page, "/app/records?a=b", "POST", "12345");
    assert.equal(await page.locator("#stage-4").textContent(), "4 an application is asked");
    const text = await step(page).locator("dl").first().innerText();
    assert.match(text, /FastCGI/);
    assert.ok(text.includes(`unix:${socket}`), text);
    await step(page).locator("summary", { hasText: "7 records went over" }).waitFor();
    const records = await step(page).locator("details dl > div").allTextContents();
    assert.equal(records[0], "To itFCGI_BEGIN_REQUEST, 8 bytes, request 1");
    assert.equal(records.at(-1), "From itFCGI_END_REQUEST, 8 bytes, request 1");
    assert.match(await step(page).locator("pre").first().textContent(), /12345/);
    assert.equal(await page.locator("#stage-5").textContent(), "5 answers");
    assert.match(await page.locator("[data-part=output]").textContent(), /hello/);
    assert.match(await stage(page, 4).textContent(), /application done.*FastCGI/);
  }));

test("one that cannot be reached is where its exchange failed", () =>
  here.page("/-/", {}, async (page) => {
    await shown(page, "/nobody");
    assert.match(await page.locator("#stage-4").textContent(), /is asked — this failed/);
    assert.match(await step(page).textContent(), /Nothing was sent/);
    await stage(page, 4).click();
    await page.locator("#stage-4:focus").waitFor();
  }));

const why = (page) => page.locator(".why");

test("a worker that is asked is stage 4, with its process and what went over", () =>
  here.page("/-/", {}, async (page) => {
    await shown(page, "/shop/order?a=b", "POST", "tea, please");
    assert.equal(await page.locator("#stage-4").textContent(), "4 a worker is asked");
    const facts = await step(page).locator("dl").first().innerText();
    for (const part of ["shop", "WSGI", "shop[", room]) assert.ok(facts.includes(part), facts);
    await step(page).locator("summary", { hasText: "pieces went over" }).waitFor();
    const pieces = await step(page).locator("details dl > div").allTextContents();
    assert.match(pieces[0], /^To itrequest, \d+ bytes$/);
    assert.equal(pieces.at(-1), "From itend");
    assert.match(await step(page).locator("pre").first().textContent(), /tea, please/);
    const output = await page.locator("[data-part=output]").textContent();
    assert.match(output, /ordered: tea, please/);
    assert.match(output, /an order of 11 bytes/);
    assert.match(await stage(page, 4).textContent(), /application done.*WSGI/);
    assert.match(await page.locator("[data-part=request]").textContent(), /QUERY_STRING=a=b/);
  }));

test("an exception is the first thing that is seen, and the last line of its traceback", () =>
  here.page("/-/", {}, async (page) => {
    await shown(page, "/shop/price?coffee");
    await why(page).waitFor();
    assert.match(
      await page.locator("[data-part=title]").textContent(),
      /500 Internal Server Error after .*: the application raised KeyError: 'coffee'/,
    );
    assert.match(await why(page).textContent(), /The application raised KeyError: 'coffee'\./);
    const traceback = why(page).getByRole("group", { name: "Traceback" });
    assert.match(await traceback.textContent(), /in price_of\n/);
    const last = traceback.locator("strong");
    assert.equal(await last.textContent(), "KeyError: 'coffee'");
    const [view, line] = [await traceback.boundingBox(), await last.boundingBox()];
    assert.ok(line.y >= view.y && line.y + line.height <= view.y + view.height + 1, "in sight");
    assert.match(await page.locator("#stage-4").textContent(), /a worker is asked — this failed/);
  }));

test("the page of an exception has its traceback", () =>
  here.page("/shop/price?coffee", {}, async (page, faults) => {
    faults.length = 0; // the console names the 500
    const traceback = page.locator("h2", { hasText: "Traceback" }).locator("+ pre");
    assert.equal(await traceback.locator("b").textContent(), "KeyError: 'coffee'");
    await checkSoundness(page);
  }));

// Until a template is there, and the server has told so.
async function startWarm() {
  for (;;) {
    await ask("/cgi-bin/hello.py?until");
    const { exchanges } = await (await fetch(`${here.url}/-/exchanges`)).json();
    const { id } = exchanges.findLast(({ target }) => target === "/cgi-bin/hello.py?until");
    const { process } = await (await fetch(`${here.url}/-/exchanges/${id}`)).json();
    if (process?.start.warm_ms) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("a script that started cold says why, and one that started warm what that saves", () =>
  here.page("/-/", {}, async (page) => {
    await shown(page, "/cgi-bin/hello.py?first");
    assert.match(await step(page).textContent(), /Startcold: its template is being started/);
    await startWarm();
    await shown(page, "/cgi-bin/hello.py?warm");
    const text = await step(page).textContent();
    assert.match(text, /Startwarm, out of a template, in /);
    assert.match(text, /First outputafter .*; .* when it started cold/);
  }));

const pictures = {
  "/app/sound": "fastcgi",
  "/nobody/sound": "unreachable",
  "/shop/sound": "wsgi",
  "/shop/price?sound": "traceback",
  "/cgi-bin/hello.py?sound": "warm",
};

for (const look of looks) {
  for (const [target, name] of Object.entries(pictures)) {
    test(`${target} is sound, ${nameOf(look)}`, () =>
      here.page("/-/", look, async (page) => {
        await shown(page, target, "POST", "12345");
        await checkSoundness(page);
        const directory = process.env.GATEHOUSE_SCREENSHOTS;
        if (!directory) return;
        const file = `${name}-${nameOf(look).replaceAll(/\W+/g, "-")}.png`;
        await page.screenshot({ path: path.join(directory, file), fullPage: true });
      }));
  }
}
