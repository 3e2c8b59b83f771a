// Where a text stops being JSON, for people who wrote it by hand. Only texts that the parser refused are looked at.

type Expected = "value" | "value or end" | "key" | "key or end" | "colon" | "comma or end" | "end";

const AFTER_VALUE: Readonly<Record<string, Expected>> = { "{": "comma or end", "[": "comma or end" };

/** As `line L, column C`, both from 1; undefined when all of it is JSON. */
export function placeOfFault(text: string): string | undefined {
  const at = faultAt(text);
  if (at === undefined) return undefined;
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf("\n") + 1;
  return `line ${before.split("\n").length}, column ${at - lineStart + 1}`;
}

function faultAt(text: string): number | undefined {
  const open: string[] = [];
  let expected: Expected = "value";
  let at = 0;
  for (;;) {
    while (" \t\r\n".includes(text[at] ?? "x")) at++;
    const char = text[at];
    if (char === undefined) return expected === "end" ? undefined : at;
    const inner = open.at(-1);
    const closes: boolean = char === (inner === "{" ? "}" : "]") && inner !== undefined;
    if (closes && expected.endsWith("or end")) {
      open.pop();
      at++;
    } else if (expected === "colon" || expected === "comma or end") {
      if (char !== (expected === "colon" ? ":" : ",")) return at;
      expected = expected === "comma or end" && inner === "{" ? "key" : "value";
      at++;
      continue;
    } else if (expected.startsWith("key")) {
      const end = char === '"' ? endOfString(text, at) : { fault: at };
      if (typeof end !== "number") return end.fault;
      at = end;
      expected = "colon";
      continue;
    } else if (expected === "end") return at;
    else if (char === "{" || char === "[") {
      open.push(char);
      expected = char === "{" ? "key or end" : "value or end";
      at++;
      continue;
    } else {
      const end = char === '"' ? endOfString(text, at) : endOfWord(text, at);
      if (typeof end !== "number") return end.fault;
      at = end;
    }
    expected = AFTER_VALUE[open.at(-1) ?? ""] ?? "end";
  }
}

type End = number | { readonly fault: number };

const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

function endOfString(text: string, start: number): End {
  for (let at = start + 1; ; ) {
    const code = text.charCodeAt(at);
    if (Number.isNaN(code) || code < 0x20) return { fault: at };
    if (code === 0x22) return at + 1;
    if (code !== 0x5c) at++;
    else {
      ESCAPE.lastIndex = at;
      if (!ESCAPE.test(text)) return { fault: at };
      at = ESCAPE.lastIndex;
    }
  }
}

const WORD = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

function endOfWord(text: string, start: number): End {
  WORD.lastIndex = start;
  return WORD.test(text) ? WORD.lastIndex : { fault: start };
}
