// Renders config.example.yaml and docs/reference/config.md from the schema; scripts/docs.ts writes them. In the example,
// `# text` explains and `#key: value` is a setting that is switched off.

import { renderValue } from "../src/config/edit-value.ts";
import { CONFIG_SCHEMA } from "../src/config/schema.ts";
import type { SchemaNode } from "../src/config/schema-node.ts";

const WIDTH = 100;
/** The id that stands for "any other id" in the example. */
const OTHER_ID = "local";

const EXAMPLE_HEAD = `# Every key of GoClaw's config.yaml. Generated from src/config/schema.ts by \`npm run docs\`; do not edit.
# Every key is optional. What is switched on below is the default; \`#key: value\` is an example that is switched off.
# \${NAME} and \${NAME:-default} stand for environment variables, which may also be in the file .env of the home; an
# unset one is empty. $\${ is a literal \${. A flag beats the environment, the environment beats this file.
`;

const REFERENCE_HEAD = `# config.yaml

Generated from \`src/config/schema.ts\` by \`npm run docs\`; do not edit.

The file lies in the home directory (\`--home\`, else \`GOCLAW_HOME\`, else \`~/.goclaw\`). Every key is optional; an unknown
key is an error that names the file, the line and the nearest key, and all errors are reported at once. A value comes from
the flag, else from the environment variable, else from the file, else it is the default. \`\${NAME}\` and
\`\${NAME:-default}\` in a text are replaced by environment variables; an unset one is empty, and \`$\${\` is a literal
\`\${\`. Variables may also be set in the file \`.env\` of the home, which never overrides the real environment.

| Key | Type | Default | Variable, flag | Meaning |
|---|---|---|---|---|
`;

export function renderExample(): string {
  const seen = new Set<string>();
  const blocks = Object.entries(CONFIG_SCHEMA.properties).map(([key, node]) =>
    renderKey(key, node, "", isOn(node), seen).join("\n"),
  );
  const text = [EXAMPLE_HEAD, ...blocks].join("\n");
  // One empty line between blocks, none before the first key of a block.
  return `${text.replace(/\n{3,}/g, "\n\n").replace(/(#?\w+:\n)\n(?= )/g, "$1")}\n`;
}

function renderKey(key: string, node: SchemaNode, pad: string, on: boolean, seen: Set<string>): string[] {
  const sign = on ? "" : "#";
  const prose = seen.has(node.description) ? [] : explain(node, pad);
  seen.add(node.description);
  if (node.type === "object" && !node["x-free"] && !isPlainMap(node))
    return ["", ...prose, `${pad}${sign}${key}:`, ...renderChildren(node, `${pad}  `, on, seen)];
  if (node.items?.type === "object") {
    return [
      "",
      ...prose,
      `${pad}${sign}${key}:`,
      ...asItem(renderChildren(node.items, `${pad}    `, on, seen)),
    ];
  }
  const value = renderValue(node.default ?? node.examples?.[0] ?? node.enum?.[0]);
  const setting = node["x-instead-of"] ? `${pad}# ${key}: ${value}` : `${pad}${sign}${key}: ${value}`;
  return [...(pad === "" ? [""] : []), ...prose, setting];
}

/** Names with texts, of which the example shows its own. */
function isPlainMap(node: SchemaNode): boolean {
  const { additionalProperties: value } = node;
  return value !== undefined && value !== false && value.type === "string" && node.examples !== undefined;
}

/** Lines of an object as the first entry of a list: what comes before its first setting moves out to the dash. */
function asItem(lines: readonly string[]): string[] {
  const first = lines.findIndex((line) => /^\s*#?\w/.test(line));
  return lines.map((line, index) => {
    if (index > first) return line;
    return index < first ? line.slice(2) : line.replace(/^(\s*) {2}(#?)/, "$1$2- ");
  });
}

function renderChildren(node: SchemaNode, pad: string, on: boolean, seen: Set<string>): string[] {
  const named = Object.entries(node.properties ?? {});
  const other: [string, SchemaNode][] = node.additionalProperties
    ? [[OTHER_ID, node.additionalProperties]]
    : [];
  return [...named, ...other].flatMap(([key, child]) => renderKey(key, child, pad, on, seen));
}

/** A key is switched on when everything below it has a default. */
function isOn(node: SchemaNode): boolean {
  if (node.type === "array" || node.additionalProperties || node["x-free"]) return false;
  return node.type === "object"
    ? Object.values(node.properties ?? {}).every(isOn)
    : node.default !== undefined;
}

function explain(node: SchemaNode, pad: string): string[] {
  const facts = [
    limitsOf(node),
    node["x-env"] && `Variable: ${node["x-env"]}.`,
    node["x-flag"] && `Flag: ${node["x-flag"]}.`,
  ];
  const text = [node.description, ...facts.filter(Boolean)].join(" ");
  const lines: string[] = [];
  let line = `${pad}#`;
  for (const word of text.split(" ")) {
    if (line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = `${pad}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

function limitsOf(node: SchemaNode): string {
  const fallback = node.default === undefined ? "" : `Default: ${node.default}. `;
  if (node.enum) return `${fallback}One of ${node.enum.join(", ")}.`;
  if (node.minimum !== undefined) return `${fallback}${node.minimum} to ${node.maximum}.`;
  return fallback.trim();
}

export function renderReference(): string {
  const rows = rowsOf(CONFIG_SCHEMA, "");
  return REFERENCE_HEAD + rows.map((row) => `| ${row.join(" | ")} |\n`).join("");
}

function rowsOf(node: SchemaNode, prefix: string): string[][] {
  const named = Object.entries(node.properties ?? {});
  const other: [string, SchemaNode][] = node.additionalProperties
    ? [["<id>", node.additionalProperties]]
    : [];
  return [...named, ...other].flatMap(([key, child]) => {
    const name = `${prefix}${key}`;
    if (child.type === "object" && !child["x-free"] && !isPlainMap(child)) return rowsOf(child, `${name}.`);
    if (child.items?.type === "object")
      return [rowOf(`${name}[]`, child), ...rowsOf(child.items, `${name}[].`)];
    return [rowOf(name, child)];
  });
}

function rowOf(name: string, node: SchemaNode): string[] {
  const code = (text: unknown): string => `\`${String(text)}\``;
  const range = node.minimum === undefined ? "" : `, ${node.minimum} to ${node.maximum}`;
  const type = node.enum?.map(code).join(" ") ?? `${node.type}${range}`;
  const outside = [node["x-env"], node["x-flag"]].filter((word) => word !== undefined).map(code);
  const fallback = node.default === undefined ? "" : code(node.default);
  return [code(name), type, fallback, outside.join(", "), node.description];
}
