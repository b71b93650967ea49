// Where a value comes from. Each origin has one colour, which bytes, lines, variables and standard
// input share.

const origins = [
  [/^request line$/, "connection"],
  [/^(request-target path|document root and PATH_INFO|request-target)$/, "path"],
  [/^request-target query$/, "query"],
  [/^request body$/, "body"],
  [/field$|^request-target authority$/, "fields"],
  [/^(connection|bound address)$/, "connection"],
];

export function originOf({ name, from }) {
  if (name === "REQUEST_METHOD") return "method";
  return origins.find(([pattern]) => pattern.test(from))?.[1] ?? "server";
}

export const fromRequest = ["method", "path", "query", "fields", "body"];
