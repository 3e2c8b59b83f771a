// check.ts implements a part of JSON Schema itself, because ajv is too slow at start; here it is held against ajv.

import { Ajv } from "ajv";
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../src/config/check.ts";
import { CONFIG_SCHEMA } from "../../../src/config/schema.ts";
import { eachNamedNode, type SchemaNode } from "../../../src/config/schema-node.ts";
import { key, scalar, tree } from "./near.ts";

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
