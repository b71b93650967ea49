// Requests to begin with: one of each kind that programs and servers are mostly tried with.

const boundary = "gatehouse-example";

// The program that fits best by its name, else the first, else the path that stands there.
function programFor(name, { programs, target }) {
  const wanted = new RegExp(name);
  return programs.find((path) => wanted.test(path)) ?? programs[0] ?? target;
}

function fileFor({ files }) {
  return files[0] ?? "/";
}

// Each gives {method, target, lines, body, crlf} for what is known: {programs, files, target}.
export const presets = {
  form: (known) => ({
    method: "POST",
    target: programFor("form", known),
    lines: ["Content-Type: application/x-www-form-urlencoded"],
    body: "name=Ada&drink=green+tea",
  }),
  JSON: (known) => ({
    method: "POST",
    target: programFor("json|env", known),
    lines: ["Content-Type: application/json", "Accept: application/json"],
    body: '{"name": "Ada", "drinks": ["tea", "water"]}',
  }),
  upload: (known) => ({
    method: "POST",
    target: programFor("upload", known),
    lines: [`Content-Type: multipart/form-data; boundary=${boundary}`],
    body: [
      `--${boundary}`,
      'Content-Disposition: form-data; name="file"; filename="sample.txt"',
      "Content-Type: text/plain",
      "",
      "A small file.",
      `--${boundary}--`,
      "",
    ].join("\n"),
    crlf: true,
  }),
  cookie: (known) => ({
    method: "GET",
    target: programFor("cookie", known),
    lines: ["Cookie: visits=3"],
    body: "",
  }),
  conditional: (known) => ({
    method: "GET",
    target: fileFor(known),
    lines: [`If-Modified-Since: ${new Date().toUTCString()}`],
    body: "",
  }),
  range: (known) => ({
    method: "GET",
    target: fileFor(known),
    lines: ["Range: bytes=0-99"],
    body: "",
  }),
};
