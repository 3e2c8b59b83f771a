// What a model is known to be able to do, and what is asked of it then: nothing that it lacks, and of an unknown one all.

import { expect, test } from "vitest";
import { ABILITIES, type Ability } from "../../../src/domain/model.ts";
import { heldToAbilities } from "../../../src/providers/able.ts";
import { createCatalog } from "../../../src/providers/catalog.ts";
import { limitDaily } from "../../../src/providers/daily-limit.ts";
import { KNOWN_MODELS } from "../../../src/providers/known-models.ts";
import type { ModelRequest } from "../../../src/providers/provider.ts";
import { collect } from "../../support/vendors/collect.ts";

const PLAIN: ModelRequest = {
  ...{ model: "m", messages: [{ role: "user", text: "hi" }], tools: [], sampling: {} },
};
const TOOLS = [{ name: "now", description: "", params: {} }];
const CALL = { id: "1", name: "now", argumentsText: "{}" };
const OUTPUT = { name: "n", schema: { type: "object" } };
const USED = [
  { role: "user", text: "hi" },
  { role: "assistant", text: "", toolCalls: [CALL] },
  { role: "tool", callId: "1", name: "now", text: "noon" },
] as const;
const PICTURE = [{ role: "user", text: "hi", images: [{ mediaType: "image/png", base64: "aGk=" }] }] as const;
const URL = [{ role: "user", text: "", parts: [{ type: "image_url", url: "https://a/b" }] }] as const;
const JSON_FORMAT = { type: "json_schema", ...OUTPUT } as const;

/** A provider that answers everything, around it what is known of its model, and what it was asked. */
function model(abilities: readonly Ability[] | undefined) {
  const asked: ModelRequest[] = [];
  const inner = {
    id: "p",
    stream: async function* (request: ModelRequest) {
      asked.push(request);
      yield { type: "end", stopReason: "stop", model: "m" } as const;
    },
  };
  return { provider: heldToAbilities(inner, () => abilities), asked };
}

const NEEDS: [Ability, string, Partial<ModelRequest>, string | undefined][] = [
  ["tools", "an agent's tools", { tools: TOOLS }, "tools: []"],
  ["tools", "a client's tools", { tools: TOOLS, wish: { fields: {} } }, "leave tools out"],
  ["tools", "a conversation that has used tools", { messages: USED }, "used none"],
  ["images", "an image", { messages: PICTURE }, "leave the image out"],
  ["images", "an image at an address", { messages: URL, wish: { fields: {} } }, "messages.0.content.0"],
  ["reasoning", "an effort", { wish: { fields: { reasoning_effort: "low" } } }, "reasoning_effort"],
  ["json_schema", "a client's schema", { wish: { fields: {}, format: JSON_FORMAT } }, "response_format"],
];

test.each(NEEDS)(
  "%s: %s is not asked of a model without, and of every other",
  async (need, _, more, words) => {
    const request = { ...PLAIN, ...more };
    const without = model(ABILITIES.filter((ability) => ability !== need));
    const { error } = await collect(without.provider, request);
    expect(error).toMatchObject({ errorClass: "unsupported", message: expect.stringContaining(words!) });
    expect(error?.message).toMatch(/p \(m\) .*or name another model; .*models\[\]\.abilities/);
    expect(without.asked).toEqual([]);
    for (const abilities of [[need], undefined]) {
      const able = model(abilities);
      expect(able.provider.lackOf?.(request)).toBeUndefined();
      expect((await collect(able.provider, request)).error).toBeUndefined();
      expect(able.asked).toEqual([request]);
    }
  },
);

test("a model without any ability is asked in words, also for an answer of a schema", async () => {
  const { provider, asked } = model([]);
  const noEffort = { fields: { reasoning_effort: "none" } };
  for (const more of [
    {},
    { output: OUTPUT },
    { wish: noEffort },
    { wish: { ...noEffort, format: { type: "json_object" } as const } },
  ])
    expect((await collect(provider, { ...PLAIN, ...more })).error).toBeUndefined();
  expect(asked.slice(0, 2)).toEqual([PLAIN, PLAIN]);
});

test("a request that a model cannot be asked is none of its provider's requests a day", async () => {
  let taken = 0;
  const { provider } = model(["images"]);
  const limited = limitDaily(provider, 5, async () => ({ ok: true, used: ++taken, resetsInMs: 0 }));
  expect((await collect(limited, { ...PLAIN, tools: TOOLS })).error?.errorClass).toBe("unsupported");
  expect(taken).toBe(0);
  await collect(limited, PLAIN);
  expect(taken).toBe(1);
});

test("the schema goes along where the model has the mode, or nobody knows", async () => {
  for (const abilities of [["json_schema"] as const, undefined]) {
    const { provider, asked } = model(abilities);
    await collect(provider, { ...PLAIN, output: OUTPUT });
    expect(asked).toEqual([{ ...PLAIN, output: OUTPUT }]);
  }
});

test("built-in rows name only abilities there are, each once, and some are left unknown", () => {
  const told = KNOWN_MODELS.flatMap(({ abilities }) => (abilities === undefined ? [] : [abilities]));
  expect(told.length).toBeGreaterThan(5);
  expect(told.length).toBeLessThan(KNOWN_MODELS.length);
  for (const abilities of told) expect(ABILITIES.filter((one) => abilities.includes(one))).toEqual(abilities);
});

test("a row of the configuration says anew what a model can do", () => {
  const own = { id: "openai/gpt-4o", contextWindow: 10, maxOutputTokens: 5, abilities: ABILITIES };
  const built = createCatalog([], () => 0);
  expect(built.find("openai", "gpt-4o")?.abilities).not.toContain("reasoning");
  expect(built.find("openrouter", "openai/gpt-4o")?.abilities).not.toContain("reasoning");
  expect(createCatalog([own], () => 0).find("openai", "gpt-4o")?.abilities).toContain("reasoning");
});
