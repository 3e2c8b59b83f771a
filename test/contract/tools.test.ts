// One suite over every tool in the registry: a schema that is one, arguments that are judged before anything happens,
// and an effect class that is true.

import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parseArguments } from "../../src/tools/arguments.ts";
import { capabilityOf, TOOL_CAPABILITIES, TOOLS } from "../../src/tools/index.ts";
import { verifies } from "../support/verifies.ts";
import { SAMPLES } from "./tool-samples.ts";

test("every tool has samples, and every sample a tool", () => {
  expect(Object.keys(SAMPLES).sort()).toEqual(TOOLS.map(({ name }) => name).sort());
});

test("names are unique and capabilities derive from them", () => {
  expect(new Set(TOOLS.map(({ name }) => name)).size).toBe(TOOLS.length);
  expect(TOOL_CAPABILITIES).toEqual(TOOLS.map(({ name }) => `tools.${name}`));
  expect(capabilityOf("x")).toBe("tools.x");
});

describe.each(TOOLS.map((tool) => [tool.name, tool] as const))("%s", (name, tool) => {
  const sample = SAMPLES[name] ?? { good: [], bad: [] };

  test("its schema is a JSON Schema of one object that is closed", () => {
    expect(new Ajv({ strict: true }).validateSchema(tool.params)).toBe(true);
    expect(tool.params).toMatchObject({ type: "object", additionalProperties: false });
    const known = Object.keys((tool.params.properties ?? {}) as object);
    expect(known).toEqual(expect.arrayContaining((tool.params.required ?? []) as string[]));
    expect(tool.name).toMatch(/^[a-z][a-z0-9_]{0,63}$/);
    expect(tool.description.length).toBeGreaterThan(20);
  });

  test(verifies("BRN-003", "takes what fits its schema"), () => {
    for (const args of sample.good)
      expect(parseArguments(tool, JSON.stringify(args))).toEqual({ ok: true, args });
  });

  test(verifies("BRN-003", "refuses what does not, and says which tool and why"), () => {
    const texts = [...sample.bad.map((args) => JSON.stringify(args)), "{", "nonsense", '{"a":1}{"b":2}'];
    for (const text of texts) {
      const parsed = parseArguments(tool, text);
      expect(parsed, text).toMatchObject({ ok: false });
      if (!parsed.ok) expect(parsed.why).toContain(name);
    }
  });

  test("an unknown field is refused by name", () => {
    for (const args of sample.good) {
      const parsed = parseArguments(tool, JSON.stringify({ ...args, sudo: true }));
      expect(parsed).toMatchObject({ ok: false });
      if (!parsed.ok) expect(parsed.why).toContain("sudo");
    }
  });

  test("says what it acts on without acting", () => {
    for (const args of sample.good) expect(typeof (tool.resource(args, "default") ?? "")).toBe("string");
  });
});
