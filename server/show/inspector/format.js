// Text of a body, set in order: each part on a line of its own, further in the deeper it is.

const step = "  ";

// Of JSON every token stays as it was written: large numbers and repeated names, too. Throws where
// the text is no JSON.
export function indentedJson(text) {
  JSON.parse(text);
  const tokens = text.match(/"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let depth = 0;
  let out = "";
  const line = () => `\n${step.repeat(depth)}`;
  tokens.forEach((token, at) => {
    const before = tokens[at - 1];
    if (token === "}" || token === "]") {
      depth -= 1;
      out += before === "{" || before === "[" ? token : line() + token;
      return;
    }
    if (before === "{" || before === "[" || before === ",") out += line();
    out += token === ":" ? ": " : token;
    if (token === "{" || token === "[") depth += 1;
  });
  return out;
}

const tokenOfMarkup =
  /<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>|<[!?][^>]*>|<\/?[a-zA-Z](?:"[^"]*"|'[^']*'|[^'">])*>|[^<]+|</g;
const empty = new Set("area base br col embed hr img input link meta source track wbr".split(" "));
const inLine = new Set(
  "a abbr b bdi bdo br cite code data del dfn em i img input ins kbd label mark q s samp small span strong sub sup time u var wbr".split(
    " ",
  ),
);
const closesItself = new Set("p li dt dd tr td th option".split(" "));
const kept = new Set(["pre", "script", "style", "textarea"]);

// HTML and XML.
export function indentedMarkup(text) {
  const writer = new MarkupWriter();
  for (const token of text.match(tokenOfMarkup) ?? []) writer.add(token);
  return writer.finished();
}

class MarkupWriter {
  #lines = [];
  #line = "";
  #open = []; // the names of the elements that are open

  add(token) {
    const [, closing, name] = /^<(\/?)([a-zA-Z][^\s/>]*)/.exec(token) ?? [];
    const tag = name?.toLowerCase();
    const inside = this.#open.at(-1);
    if (kept.has(inside) && !(closing && tag === inside)) this.#line += token;
    else if (!tag) this.#text(token);
    else if (inLine.has(tag)) this.#line += token;
    else if (closing) this.#close(tag, token);
    else this.#begin(tag, token);
  }

  finished() {
    this.#flush();
    return this.#lines.join("\n");
  }

  #text(token) {
    if (token.startsWith("<!") || token.startsWith("<?")) {
      this.#flush();
      this.#line = token;
      this.#flush();
    } else {
      this.#line += token.replace(/\s+/g, " ");
    }
  }

  #begin(tag, token) {
    this.#flush();
    if (closesItself.has(tag) && this.#open.at(-1) === tag) this.#open.pop();
    this.#line = token;
    if (empty.has(tag) || token.endsWith("/>")) return this.#flush();
    if (!kept.has(tag)) this.#flush();
    this.#open.push(tag);
  }

  #close(tag, token) {
    const at = this.#open.lastIndexOf(tag);
    if (!kept.has(tag)) this.#flush();
    if (at >= 0) this.#open.length = at;
    this.#line += token;
    this.#flush();
  }

  // What is kept as it is begins on the line of its element, one level above its own.
  #flush() {
    const line = this.#line.trim();
    this.#line = "";
    if (line === "") return;
    const depth = this.#open.filter((name) => !kept.has(name)).length;
    this.#lines.push(step.repeat(depth) + line);
  }
}
