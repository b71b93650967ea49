// The real binary, serving a copy of www/ and cgi-bin/ on a free port of the loopback address.

import { spawn } from "node:child_process";
import { chmod, cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

const startMs = 20000;

function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run these tests by ctest`);
  return value;
}

async function copiedSite() {
  const source = setting("GATEHOUSE_SOURCE_DIR");
  const site = await mkdtemp(path.join(tmpdir(), "gatehouse-"));
  for (const name of ["www", "cgi-bin"])
    await cp(path.join(source, name), path.join(site, name), { recursive: true });
  return site;
}

// The address in the ready line.
function addressOf(child, log) {
  return new Promise((resolve, reject) => {
    let line = "";
    const fail = (why) => reject(new Error(`gatehouse ${why}; its log:\n${log()}`));
    const late = setTimeout(() => fail("is not ready in time"), startMs);
    child.on("exit", (status) => fail(`ended with ${status}`));
    child.stdout.on("data", (bytes) => {
      line += bytes;
      const found = /(http:\/\/\S+:\d+)\/ .*\n/.exec(line);
      if (!found) return;
      clearTimeout(late);
      resolve(found[1]);
    });
  });
}

// Starts `gatehouse --port 0 OPTIONS`. scripts: {name: text or {text, mode}} of more programs in
// cgi-bin.
// Gives {url, site, log, stop}: url has no slash at its end; site holds www and cgi-bin; stop() fails unless the server ends well.
export async function serve({ options = ["--inspect"], scripts = {} } = {}) {
  const site = await copiedSite();
  for (const [name, script] of Object.entries(scripts)) {
    const file = path.join(site, "cgi-bin", name);
    await writeFile(file, script.text ?? script);
    await chmod(file, script.mode ?? 0o755);
  }
  const where = ["--root", path.join(site, "www"), "--cgi-bin", path.join(site, "cgi-bin")];
  const child = spawn(setting("GATEHOUSE_BINARY"), ["--port", "0", ...where, ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const log = () => text;
  child.stderr.on("data", (bytes) => (text += bytes));
  const ended = new Promise((resolve) => child.on("close", resolve));
  const url = await addressOf(child, log).catch(async (error) => {
    child.kill("SIGKILL");
    await rm(site, { recursive: true });
    throw error;
  });
  const stop = async () => {
    child.kill("SIGTERM");
    const status = await ended;
    await rm(site, { recursive: true });
    if (status !== 0) throw new Error(`gatehouse ended with ${status}; its log:\n${text}`);
  };
  return { url, site, log, stop };
}
