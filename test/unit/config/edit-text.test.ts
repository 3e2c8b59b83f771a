// Edits of generated, commented files: every comment and every other value survives.

import fc from "fast-check";
import { expect, test } from "vitest";
import { valueAt } from "../../../src/config/data.ts";
import { setInText, unsetInText } from "../../../src/config/edit-text.ts";
import type { KeyPath } from "../../../src/config/problem.ts";
import { readSource } from "../../../src/config/source.ts";

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
