// What a tool's hash covers, what it does not, and what nobody could see in it.

import { expect, test } from "vitest";
import { readDefinition } from "../../../src/mcp/definition.ts";
import type { Pin } from "../../../src/mcp/pins.ts";
import { standings } from "../../../src/mcp/standing.ts";
import { row } from "../../support/catalogue.ts";

const SCHEMA = {
  type: "object",
  properties: { a: { type: "string" }, b: { enum: ["x", "y"] } },
  required: ["a"],
};
const RAW = {
  name: "t",
  title: "T",
  description: "d",
  inputSchema: SCHEMA,
  annotations: { readOnlyHint: true },
};
const hashOf = (more: object): string => readDefinition("s", { ...RAW, ...more }).hash;
const refusalOf = (more: object): string | null => readDefinition("s", { ...RAW, ...more }).refusal;

test(
  row("I-05", "the hash covers what a model reads, whatever the order of its keys, and nothing else"),
  () => {
    const { hash } = readDefinition("s", RAW);
    const turned = {
      inputSchema: {
        required: ["a"],
        properties: { b: { enum: ["x", "y"] }, a: { type: "string" } },
        type: "object",
      },
    };
    expect(hashOf(turned)).toBe(hash);
    expect(hashOf({ _meta: { seen: 1 }, icons: [], execution: {} })).toBe(hash);
    const changes = [
      { name: "u" },
      { title: "U" },
      { description: "d " },
      { inputSchema: { ...SCHEMA, required: [] } },
      { inputSchema: { ...SCHEMA, properties: { ...SCHEMA.properties, b: { enum: ["y", "x"] } } } },
      { outputSchema: { type: "object" } },
      { annotations: { readOnlyHint: false } },
    ];
    expect(new Set([hash, ...changes.map(hashOf)]).size).toBe(changes.length + 1);
  },
);

test(row("I-09", "characters that are not seen are found wherever a model would read them"), () => {
  for (const hidden of [
    "\u001b",
    "\u0000",
    "\u200b",
    "\u202e",
    "\u2066",
    "\ufeff",
    "\u{e0041}",
    "\u00ad",
    "\u{e0100}",
    "\u3164",
  ]) {
    for (const more of [
      { description: `a${hidden}b` },
      { title: hidden },
      { inputSchema: { ...SCHEMA, properties: { [`k${hidden}`]: {} } } },
      { inputSchema: { ...SCHEMA, properties: { a: { enum: [hidden] } } } },
      { inputSchema: { ...SCHEMA, properties: { a: { default: { deep: [hidden] } } } } },
      { outputSchema: { type: "object", description: hidden } },
    ]) {
      expect(refusalOf(more), JSON.stringify(more)).toContain("not seen");
    }
  }
  expect(refusalOf({ description: "lines\n\tand 日本語, café, 👩‍💻 ❤️" })).toBeNull();
});

test(
  row("I-09", "what is too large, too deep or no schema of an object is refused without being taken apart"),
  () => {
    let deep: object = {};
    for (let level = 0; level < 20_000; level++) deep = { items: deep };
    expect(refusalOf({ inputSchema: { type: "object", properties: { deep } } })).toContain("deeper");
    expect(refusalOf({ description: "x".repeat(70_000) })).toContain("characters");
    expect(refusalOf({ inputSchema: { type: "string" } })).toContain("object");
    expect(refusalOf({ name: "n".repeat(80) })).toContain("name");
    expect(refusalOf({ name: "read file" })).toContain("name");
  },
);

const pinOf = (name: string, seen: object | null, pinned: object | null): Pin => {
  const [now, then] = [seen, pinned].map((raw) =>
    raw === null ? undefined : readDefinition("s", { ...RAW, name, ...raw }),
  );
  return {
    tool: name,
    ...{ seenJson: now?.json ?? null, seenHash: now?.hash ?? null },
    ...{ pinnedJson: then?.json ?? null, pinnedHash: then?.hash ?? null },
  };
};

test("a tool stands by what was pinned and what was seen last", () => {
  const pins = [
    pinOf("same", {}, {}),
    pinOf("new", {}, null),
    pinOf("changed", { description: "other" }, {}),
    pinOf("gone", null, {}),
    pinOf("hidden", { description: "\u200b" }, { description: "\u200b" }),
  ];
  expect(standings("s", pins).map(({ status }) => status)).toEqual([
    "approved",
    "new",
    "changed",
    "gone",
    "refused",
  ]);
});

test(row("I-10", "two tools that would share a name are both refused, approved or not"), () => {
  const pins = [pinOf("a.b", {}, {}), pinOf("a_b", {}, null), pinOf("a/b", null, {})];
  expect(standings("s", pins).map(({ status, refusal }) => [status, refusal?.split(":")[0] ?? null])).toEqual(
    [
      ["refused", "MCP_NAME_CLASH"],
      ["refused", "MCP_NAME_CLASH"],
      ["gone", "MCP_NAME_CLASH"],
    ],
  );
});
