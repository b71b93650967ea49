// Where the reader's terminal has to be: the directory that the server really serves from, which a
// program of it knows. Where that cannot be learnt, the page keeps its sentence for every case.
const plain = /^[\w@%+=:,./-]+$/;
const quoted = (path) => (plain.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
const parent = (path) => path.slice(0, path.lastIndexOf("/")) || "/";
const base = (path) => path.slice(path.lastIndexOf("/") + 1);

// The server may run on another machine than the browser: a directory of that one helps nobody here.
const isHere = ({ REMOTE_ADDR: client, SERVER_ADDR: server }) =>
  client === server || /^(127\.|::1$)/.test(client);

// {cgiBin, and the directories that hold it and www: programs and pages}; "" for one whose last part is
// called otherwise, so that no command with that name works there. null where nothing can be learnt.
async function learn() {
  const fields = { Accept: "text/plain", "Gatehouse-Tour": "1" };
  const answer = await fetch("/cgi-bin/env.sh", { cache: "no-store", headers: fields });
  if (!answer.ok) return null;
  const lines = (await answer.text()).split("\n").map((line) => line.split(/=(.*)/s));
  const given = Object.fromEntries(lines.filter(([, value]) => value !== undefined));
  const { DOCUMENT_ROOT: root, SCRIPT_FILENAME: script } = given;
  if (!root || !script || /\ufffd/.test(root + script) || !isHere(given)) return null;
  const holder = (path, name) => (base(path) === name ? parent(path) : "");
  const cgiBin = parent(script);
  return { cgiBin, programs: holder(cgiBin, "cgi-bin"), pages: holder(root, "www") };
}

export const place = learn().catch(() => null);

function show(found) {
  const nodes = [...document.querySelectorAll(".place")];
  const directoryOf = (node) => found[node.dataset.holds === "cgi-bin" ? "programs" : "pages"];
  if (!nodes.every(directoryOf)) return;
  for (const node of nodes) {
    (node.querySelector("pre") ?? node).textContent = `cd ${quoted(directoryOf(node))}`;
    node.hidden = false;
  }
  for (const node of document.querySelectorAll(".place-known")) node.hidden = false;
  for (const node of document.querySelectorAll(".place-unknown")) node.hidden = true;
  // In the copy that the tour made, the program of the checkout is one directory above.
  if (base(found.programs) !== "gatehouse-tour") return;
  for (const node of document.querySelectorAll(".of-checkout")) node.textContent = "../gatehouse";
}

place.then((found) => found && show(found));
