// Matching against references of its own, over random text: words end where letters end, in every script that writes
// spaces, and a rule is all of its fields.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideRoute } from "../../src/brain/route.ts";
import { globFits, hasWord, matchCondition, readRequest } from "../../src/brain/route-match.ts";
import type { RouteCondition, RoutePlan, RouteRequest } from "../../src/domain/route.ts";

const letters = (from: string): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...from), { minLength: 1, maxLength: 8 }).map((all) => all.join(""));
const word = fc.oneof(
  letters("abcdefgxyz0189_"),
  letters("äöüßéèñçåøœ"),
  letters("бвгдежзийюя"),
  letters("αβγδεζ"),
  letters("ابتثج"),
  letters("אבגד"),
);
const gap = fc.constantFrom(" ", ", ", "\n", "-", "…", "(", "”", ". ", "/", "🦆", "\t", "'");

describe("keywords", () => {
  test("a word inside a longer one is not there", () => {
    fc.assert(
      fc.property(word, word, word, (before, keyword, after) => {
        expect(hasWord(before + keyword, keyword)).toBe(false);
        expect(hasWord(keyword + after, keyword)).toBe(false);
        expect(hasWord(before + keyword + after, keyword)).toBe(false);
      }),
    );
  });

  test("a word between anything but letters is there, in upper case too", () => {
    fc.assert(
      fc.property(word, gap, word, gap, word, (before, left, keyword, right, after) => {
        const text = `${before}${left}${keyword}${right}${after}`;
        expect(hasWord(text, keyword)).toBe(true);
        expect(hasWord(text.toLocaleUpperCase("und"), keyword.replaceAll("ß", "SS"))).toBe(true);
      }),
    );
  });

  test("whatever a keyword is made of, it is text and not a pattern", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }), (keyword) => {
        const isEmpty = keyword.trim() === "";
        expect(hasWord(` ${keyword} `.normalize("NFC"), keyword)).toBe(!isEmpty);
        expect(hasWord("", keyword)).toBe(false);
      }),
    );
  });

  test.each([
    ["chat", "chatgpt and chats", false],
    ["r1", "ur1 r10 R1x", false],
    ["r1", "try r1!", true],
    ["prove", "improve proven", false],
    ["step by step", "step\n  by\tstep.", true],
    ["c++", "write C++ now", true],
    ["café", "cafe\u0301 au lait".normalize("NFC"), true],
    ["证明", "请证明这个定理", true],
    ["prove", "pro\u0301ve", false],
  ])("%s in %s: %s", (keyword, text, there) => {
    expect(hasWord(text, keyword)).toBe(there);
  });
});

test("globs agree with a regular expression, and take no time", () => {
  const alphabet = fc.constantFrom("a", "B", "*", "?", ".", "-", "é");
  const text = fc.array(alphabet, { maxLength: 10 }).map((all) => all.join(""));
  fc.assert(
    fc.property(text, text, (pattern, value) => {
      const source = pattern.replace(/[.]/g, "\\.").replaceAll("*", ".*").replaceAll("?", ".");
      expect(globFits(pattern, value)).toBe(new RegExp(`^${source}$`, "isu").test(value));
    }),
  );
  expect(globFits("*a".repeat(90), "b".repeat(200))).toBe(false);
});

const REQUEST: RouteRequest = {
  model: "auto",
  agentId: "a",
  hasTools: true,
  headers: {},
  userMessages: [""],
};
const facts = fc.record(
  {
    model: fc.constantFrom("auto", "other"),
    agent: fc.constantFrom("a", "b", "*"),
    hasTools: fc.boolean(),
    tokensAbove: fc.constantFrom(0, 3, 1_000),
    tokensBelow: fc.constantFrom(1, 50),
    headers: fc.constantFrom({ x: "1" }, { x: "2" }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<RouteCondition>;

test("a condition is all of its fields, and `any` is one of its conditions", () => {
  const fits = (when: RouteCondition, request: RouteRequest): boolean =>
    matchCondition(
      when,
      readRequest(request, (text) => text.length),
    ).fits;
  const single = (when: RouteCondition): RouteCondition[] =>
    Object.entries(when).map(([key, value]) => ({ [key]: value }) as RouteCondition);
  fc.assert(
    fc.property(facts, fc.array(facts, { minLength: 1, maxLength: 3 }), fc.nat(60), (when, any, size) => {
      const request = { ...REQUEST, headers: { x: "1" }, userMessages: ["w".repeat(size)] };
      const expected = Object.keys(when).length > 0 && single(when).every((one) => fits(one, request));
      expect(fits(when, request)).toBe(expected);
      expect(fits({ any }, request)).toBe(any.some((one) => fits(one, request)));
    }),
  );
});

const link = (model: string) => [{ provider: "p", model }] as const;
const PLAN: RoutePlan = {
  tiers: { light: link("l"), medium: link("m"), heavy: link("h") },
  rules: [],
  heuristics: [
    { name: "hard", when: { keywords: ["prove"] }, to: { tier: "heavy", chain: link("h") } },
    { name: "gone", when: { tokensBelow: 5 }, to: undefined },
  ],
  classifier: null,
  fallback: { tier: "medium", chain: link("m") },
};
const never = async () => ({ tier: null, reason: "not asked" }) as const;

test("only the last user message is searched for words; all of them make the size", async () => {
  const decide = (...userMessages: string[]) => decideRoute(PLAN, { ...REQUEST, userMessages }, never);
  expect(await decide("prove it", "and now?")).toMatchObject({ layer: "fallback", tier: "medium" });
  expect(await decide("and now?", "prove it")).toMatchObject({ layer: "heuristic", rule: "hard" });
  const small = await decide("hi");
  expect(small).toMatchObject({ layer: "fallback", confidence: 0.3 });
  expect(small.steps[1]?.reason).toContain("its tier is not configured");
  // Beginning and end of a long text are read, which is where the question stands.
  expect(await decide(`${"x ".repeat(50_000)} prove`)).toMatchObject({ rule: "hard" });
});

test("every rule is accounted for, once, in its order", async () => {
  const rules = ["a", "b"].map((name) => ({
    ...{ name, when: { agent: name }, to: { tier: null, chain: link(name) } },
  }));
  const plan: RoutePlan = {
    ...{ ...PLAN, rules },
    classifier: { chain: link("c"), timeoutMs: 1, maxTokens: 1 },
  };
  for (const agentId of ["a", "b", "c"]) {
    const { steps } = await decideRoute(plan, { ...REQUEST, agentId }, never);
    expect(steps.map(({ rule }) => rule)).toEqual(["a", "b", "hard", "gone", "p/c", "default"]);
    expect(steps.filter(({ verdict }) => verdict === "matched")).toHaveLength(1);
  }
});
