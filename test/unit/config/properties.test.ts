import { Ajv } from "ajv";
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../src/config/check.ts";
import { valueAt } from "../../../src/config/data.ts";
import { setInText, unsetInText } from "../../../src/config/edit-text.ts";
import { loadConfig } from "../../../src/config/load.ts";
import type { KeyPath } from "../../../src/config/problem.ts";
import { CONFIG_SCHEMA } from "../../../src/config/schema.ts";
import { eachNamedNode, type SchemaNode } from "../../../src/config/schema-node.ts";
import { readSource } from "../../../src/config/source.ts";
import { GoclawError } from "../../../src/domain/error.ts";
import { tempHome } from "./home.ts";

/** Keys and values that are nearly right, so that the interesting branches are reached. */
const key = fc.constantFrom(
  "worker_count",
  "retry",
  "base_ms",
  "max_ms",
  "llm",
  "model",
  "provider",
  "providers",
  "openai",
  "api_key",
  "models",
  "agents",
  "agent_id",
  "tools",
  "gateway",
  "allow_remote",
  "bind_addr",
  "log_level",
  "x",
  "__proto__",
  "constructor",
  "",
);
const scalar = fc.oneof(
  fc.constantFrom("openai", "a", "info", "${A}", "127.0.0.1:0", "", "🦆", "a".repeat(201)),
  fc.integer({ min: -1, max: 300 }),
  fc.double(),
  fc.boolean(),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(key, tie("tree"), { maxKeys: 5 }),
  ),
}));

/** Values for a node: mostly right ones, at the limits and just past them, and now and then something else entirely. */
function valuesOf(node: SchemaNode): fc.Arbitrary<unknown> {
  const { minimum = 0, maximum = 9, maxLength = 9 } = node;
  if (node.type === "object") {
    const named = Object.entries(node.properties ?? {});
    const other = node.additionalProperties
      ? [["other", node.additionalProperties] as const, ["Bad", node.additionalProperties] as const]
      : [];
    const model = Object.fromEntries([...named, ...other].map(([name, child]) => [name, valuesOf(child)]));
    return rarely(fc.record(model, { requiredKeys: [] }));
  }
  if (node.type === "array")
    return rarely(fc.array(node.items ? valuesOf(node.items) : scalar, { maxLength: 2 }));
  const right = [...(node.enum ?? []), ...(node.examples ?? []), node.default ?? minimum, minimum, maximum];
  const limits = [minimum - 1, maximum + 1, minimum + 0.5, "", "x".repeat(maxLength + 1)];
  return fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom<unknown>(...right) },
    fc.constantFrom<unknown>(...limits),
  );
}

function rarely(usual: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 50, arbitrary: usual }, scalar, fc.constant(null), fc.constant({ x: 1 }));
}

test("check.ts and ajv agree on what fits the schema", () => {
  const validate = new Ajv({ strict: false }).compile(CONFIG_SCHEMA);
  const verdicts = new Set<boolean>();
  // ajv has no forbidden keys; those of the prototype are refused by check.ts alone.
  const forbidden = (value: unknown): boolean =>
    /"(__proto__|constructor|prototype)":/.test(JSON.stringify(value));
  fc.assert(
    fc.property(fc.oneof(valuesOf(CONFIG_SCHEMA), fc.dictionary(key, tree)), (value) => {
      fc.pre(!forbidden(value));
      const fits = check(value, CONFIG_SCHEMA).length === 0;
      verdicts.add(fits);
      return fits === validate(value);
    }),
    { numRuns: 3000 },
  );
  expect(verdicts.size).toBe(2);
});

test("check.ts and ajv agree on every leaf at its limits", () => {
  const ajv = new Ajv({ strict: false });
  eachNamedNode(CONFIG_SCHEMA, (path, node) => {
    const validate = ajv.compile(node);
    const { minimum = 0, maximum = 0, maxLength = 0 } = node;
    const near = [
      minimum - 1,
      minimum,
      minimum + 0.5,
      maximum,
      maximum + 1,
      "",
      "a".repeat(maxLength),
      "a".repeat(maxLength + 1),
    ];
    for (const value of [
      ...near,
      null,
      true,
      [],
      {},
      ...(node.enum ?? []),
      ...(node.examples ?? []),
      node.default ?? 0,
    ]) {
      const valid = check(value, node).length === 0;
      expect([path.join("."), value, valid]).toEqual([path.join("."), value, validate(value)]);
    }
  });
});

test("every default and every example fits its own key", () => {
  eachNamedNode(CONFIG_SCHEMA, (_, node) => {
    for (const value of [...(node.default === undefined ? [] : [node.default]), ...(node.examples ?? [])]) {
      expect(check(value, node)).toEqual([]);
    }
  });
});

const yamlText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc
    .array(
      fc.constantFrom(
        "worker_count",
        ":",
        " ",
        "\n",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "&a",
        "*a",
        "!",
        "|",
        ">",
        "'",
        '"',
        "#",
        "${",
        "}",
        "?",
        "<<",
        "\t",
        "1",
        "agents",
        "%YAML 1.1\n",
        "---\n",
      ),
      { maxLength: 40 },
    )
    .map((parts) => parts.join("")),
  tree.map((value) => JSON.stringify(value) ?? ""),
  fc.nat(3000).map((depth) => "[".repeat(depth)),
);

test("whatever is in the file, the loader answers with a config or a GoclawError", () => {
  const paths = tempHome();
  fc.assert(
    fc.property(yamlText, fc.string(), (text, value) => {
      try {
        loadConfig({ paths, env: { A: value, GOCLAW_WORKER_COUNT: value }, text });
      } catch (error) {
        expect(error).toBeInstanceOf(GoclawError);
        expect((error as GoclawError).message.length).toBeLessThan(20_000);
      }
    }),
    { numRuns: 500 },
  );
});

/** A block-style config with comments everywhere, and the keys it holds. */
const commented = fc
  .record({
    lanes: fc.option(fc.integer({ min: 1, max: 9 })),
    retry: fc.subarray(["base_ms: 10", "max_ms: 20"]),
    agents: fc.nat(2),
    indent: fc.constantFrom(2, 3, 4),
    flow: fc.boolean(),
    gap: fc.constantFrom("", "\n"),
  })
  .map(({ lanes, retry, agents, indent, flow, gap }) => {
    const pad = " ".repeat(indent);
    const blocks = [
      "# head",
      ...(lanes === null ? [] : [`worker_count:   ${lanes}  # lanes`]),
      ...(retry.length === 0
        ? []
        : ["retry: # retry", ...retry.flatMap((line, at) => [`${pad}# r${at}`, `${pad}${line} # e${at}`])]),
      ...(flow ? ["llm: {model:   m}   # flow"] : ["llm: # block", `${pad}model: 'm'  # m`]),
      ...(agents === 0 ? [] : ["agents: # agents"]),
      ...Array.from({ length: agents }, (_, at) => `- agent_id: a${at} # a${at}`),
      "# tail",
    ];
    return `${blocks.join(`\n${gap}`)}\n`;
  });

const change = fc.constantFrom<readonly [(string | number)[], unknown]>(
  [["worker_count"], 7],
  [["retry", "base_ms"], 7],
  [["retry", "max_ms"], 70],
  [["llm", "model"], "x: #y, [z]"],
  [["llm", "provider"], "openrouter"],
  [["agents", 0, "model"], "true"],
  [["gateway", "allow_remote"], true],
  [
    ["providers", "openai", "models"],
    ["a", "${B}", "- c"],
  ],
);

const comments = (text: string): string[] => text.match(/(?<=^|\s)# ?\w+$/gm) ?? [];

test("setting a key keeps every comment, changes no other value, and can be repeated", () => {
  fc.assert(
    fc.property(commented, change, (text, [path, value]) => {
      const changed = setInText(text, path, value);
      if (changed === undefined) return expect(path[0]).toBe("agents");
      expect(comments(changed)).toEqual(comments(text));
      expect(valueAt(readSource(changed).value, path)).toEqual(value);
      expect(leavesBeside(changed, path)).toEqual(leavesBeside(text, path));
      expect(setInText(changed, path, value)).toBe(changed);
      expect(leavesBeside(unsetInText(changed, path) ?? "", path)).toEqual(leavesBeside(text, path));
    }),
    { numRuns: 500 },
  );
});

/** Every scalar of the document by its dotted key, but for those at or below `path`. */
function leavesBeside(text: string, path: KeyPath): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  const walk = (value: unknown, here: KeyPath): void => {
    if (here.length === path.length && here.join(".") === path.join(".")) return;
    if (typeof value !== "object" || value === null) leaves.set(here.join("."), value);
    else for (const [key, entry] of Object.entries(value)) walk(entry, [...here, key]);
  };
  walk(readSource(text).value, []);
  // A key without a value, which is what the last child of a map leaves behind, is not set.
  for (const [key, value] of leaves) if (value === null) leaves.delete(key);
  return leaves;
}
