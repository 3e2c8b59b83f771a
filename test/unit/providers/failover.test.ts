// The chain of providers, over scripted ones: what each class of failure asks for, what the next provider is told, and
// that nothing is passed on twice.

import { expect, test } from "vitest";
import { createBreaker } from "../../../src/providers/breaker.ts";
import { createFailover } from "../../../src/providers/failover.ts";
import {
  ERROR_CLASSES,
  type ErrorClass,
  type ModelRequest,
  type Part,
} from "../../../src/providers/provider.ts";
import { broken, END, REQUEST, rig, scripted, text } from "./scripted.ts";

const HERE: readonly ErrorClass[] = ["rate_limit", "overloaded", "network"];
const STOP: readonly ErrorClass[] = [
  "bad_request",
  "context_length",
  "refused",
  "cassette_miss",
  "cassette_broken",
  "aborted",
];

test.each(ERROR_CLASSES)("%s: here, next or stop", async (errorClass) => {
  const [first, second] = [scripted("a", [broken(errorClass)]), scripted("b", [text("b"), END])];
  const { run, breaker } = rig(first, second);
  const last = (await run()).at(-1);
  const calls = [first.requests.length, second.requests.length];
  if (STOP.includes(errorClass)) {
    expect([calls, last]).toMatchObject([[1, 0], { ...broken(errorClass), from: { provider: "a" } }]);
    expect(breaker.states()).toEqual([]);
  } else {
    expect([calls, last]).toEqual([[HERE.includes(errorClass) ? 2 : 1, 1], { ...END, provider: "b" }]);
  }
});

test("a short wait that the provider asks for is taken, a long one is not", async () => {
  const short = scripted("a", [broken("rate_limit", 900)], [text("a"), END]);
  const patient = rig(short, scripted("b", [END]));
  expect((await patient.run()).at(-1)).toEqual({ ...END, provider: "a" });
  expect(patient.waits).toEqual([900]);
  const hurried = rig(scripted("a", [broken("rate_limit", 60_000)]), scripted("b", [END]));
  expect((await hurried.run()).at(-1)).toEqual({ ...END, provider: "b" });
  expect(hurried.waits).toEqual([]);
});

test("a break in mid-answer: a seam at its place, and the next provider goes on from there", async () => {
  const second = scripted("b", [text("lo"), END]);
  const { run } = rig(scripted("a", [text("h"), text("el"), broken("malformed")]), second);
  const parts = await run();
  expect(parts.map(({ type }) => type)).toEqual(["text.delta", "text.delta", "seam", "text.delta", "end"]);
  expect(parts[2]).toEqual({
    ...{ type: "seam", fromProvider: "a", fromModel: "asked", toProvider: "b", toModel: "two" },
    ...{ errorClass: "malformed", message: "it is malformed", offset: 3 },
  });
  const [{ model, messages }] = second.requests as [ModelRequest];
  expect([model, messages.length, messages[1]]).toEqual([
    "two",
    3,
    { role: "assistant", text: "hel", toolCalls: [] },
  ]);
  expect(messages[2]?.text).toContain("Go on exactly where it stopped");
});

test("calls of tools are passed on only once an answer is whole", async () => {
  const call = (id: string): Part[] => [
    { type: "tool.start", index: 0, id, name: "send_alert" },
    { type: "tool.delta", index: 0, text: "{}" },
  ];
  const { run } = rig(
    scripted("a", [...call("lost"), broken("timeout")]),
    scripted("b", [...call("kept"), END]),
  );
  const parts = await run();
  expect(parts.map(({ type }) => type)).toEqual(["seam", "tool.start", "tool.delta", "end"]);
  expect(parts[1]).toMatchObject({ id: "kept" });
});

test("a provider that ends without saying so is malformed, and the next one answers", async () => {
  const { run } = rig(scripted("a", [text("x")]), scripted("b", [END]));
  expect(await run()).toMatchObject([
    { type: "text.delta" },
    { type: "seam", errorClass: "malformed" },
    { type: "end" },
  ]);
});

test("a consumer that goes away gives the probe back, at a piece of text and at a seam", async () => {
  const bad = scripted("a", [broken("timeout")]);
  const { chain, breaker, pass, run } = rig(bad, scripted("b", [broken("auth")], [text("b"), END]), 1);
  await run();
  expect([breaker.mayTry("a"), breaker.mayTry("b")]).toEqual([false, false]);
  pass(1_000);
  for await (const part of chain.stream(REQUEST, new AbortController().signal)) {
    if (part.type === "seam") break;
  }
  expect([breaker.waitMs("b"), breaker.mayTry("b"), breaker.mayTry("b")]).toEqual([0, true, false]);
  breaker.abandoned("b");
  for await (const part of chain.stream(REQUEST, new AbortController().signal)) {
    if (part.type === "text.delta") break;
  }
  expect(breaker.mayTry("b")).toBe(true);
});

test("when every circuit is open, nobody is asked and the failure says how long to wait", async () => {
  const [first, second] = [scripted("a", [broken("timeout")]), scripted("b", [broken("timeout")])];
  const { run, pass } = rig(first, second, 1);
  await run();
  pass(300);
  const parts = await run();
  expect(parts).toMatchObject([{ type: "error", errorClass: "overloaded", afterMs: 700 }]);
  expect((parts[0] as { message: string }).message).toContain("a, b");
  expect([first.requests.length, second.requests.length]).toEqual([1, 1]);
});

test("the primary answers again once its probe succeeds", async () => {
  const first = scripted("a", [broken("timeout")], [text("a"), END]);
  const { run, pass } = rig(first, scripted("b", [END]), 1);
  expect((await run()).at(-1)).toMatchObject({ provider: "b" });
  expect((await run()).at(-1)).toMatchObject({ provider: "b" });
  expect(first.requests).toHaveLength(1);
  pass(1_000);
  expect((await run()).at(-1)).toMatchObject({ provider: "a" });
});

test("a fallback that can never answer does not turn a busy primary into an error for good", async () => {
  for (const dead of ["not_configured", "auth", "quota", "unsupported"] as const) {
    const { run } = rig(scripted("a", [broken("overloaded")]), scripted("b", [broken(dead)]));
    expect([dead, (await run()).at(-1)]).toMatchObject([dead, broken("overloaded")]);
  }
});

test("nor does it when the primary is left alone by its breaker", async () => {
  const { run } = rig(scripted("a", [broken("timeout")]), scripted("b", [broken("not_configured")]), 1);
  await run();
  expect((await run()).at(-1)).toMatchObject({ type: "error", errorClass: "overloaded", afterMs: 1_000 });
});

test("an abort while it waits ends the call", async () => {
  const control = new AbortController();
  const first = scripted("a", [broken("overloaded")]);
  const breaker = createBreaker({
    ...{ threshold: 3, cooldownMs: 1, nowMs: () => 0, restored: [], save: () => {} },
  });
  const links = [first.provider, scripted("b", [END]).provider].map((provider) => ({ provider, model: "m" }));
  const chain = createFailover([links[0]!, links[1]!], { breaker, wait: async () => control.abort() });
  const parts: Part[] = [];
  for await (const part of chain.stream(REQUEST, control.signal)) parts.push(part);
  expect(parts).toMatchObject([{ type: "error", errorClass: "aborted" }]);
  expect(first.requests).toHaveLength(1);
});

test("a chain of one is its provider, and a chain names where else it may end up", () => {
  const [first, second] = [scripted("a", [END]), scripted("b", [END])];
  expect(rig(first, second).chain.fallbacks).toEqual([{ provider: "b", model: "two" }]);
  const breaker = createBreaker({
    ...{ threshold: 1, cooldownMs: 1, nowMs: () => 0, restored: [], save: () => {} },
  });
  const lone = createFailover([{ provider: first.provider, model: "m" }], { breaker, wait: async () => {} });
  expect(lone).toBe(first.provider);
});

test("a link that is to be passed over is not asked, and its breaker hears nothing of it", async () => {
  const [first, second] = [scripted("a", [text("a"), END]), scripted("b", [text("b"), END])];
  const { run, breaker } = rig(first, second);
  const signal = new AbortController().signal;
  const parts = await run(signal, { passOver: [{ provider: "a", model: "asked" }] });
  expect(parts).toEqual([text("b"), { ...END, provider: "b" }]);
  expect([first.requests.length, breaker.states()]).toEqual([0, []]);
  // Another model of the same provider is another link.
  await run(signal, { passOver: [{ provider: "a", model: "one" }] });
  expect(first.requests.length).toBe(1);
});

test("usage says whose it is, also of the one that broke off", async () => {
  const counted: Part = { type: "usage", usage: { inputTokens: 1, outputTokens: 1, cachedTokens: 0 } };
  const { run } = rig(scripted("a", [counted, broken("timeout")]), scripted("b", [counted, END]));
  const usage = (await run()).filter(({ type }) => type === "usage");
  expect(usage).toEqual([
    { ...counted, provider: "a", model: "asked" },
    { ...counted, provider: "b", model: "two" },
  ]);
});
