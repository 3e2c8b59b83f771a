// The guard around a provider's stream: whatever the code inside does, the caller sees parts and one last part.

import { expect, test } from "vitest";
import { fault } from "../../../src/providers/faults.ts";
import { failure, type Part } from "../../../src/providers/provider.ts";
import { type CallClock, guarded, phaseTimeouts } from "../../../src/providers/timeouts.ts";
import { createSignal, within } from "../../support/wait.ts";

const SITE = { provider: "p", model: "m" };
const TEXT: Part = { type: "text.delta", text: "x" };
const END: Part = { type: "end", stopReason: "stop", model: "m" };

async function partsOf(
  run: (clock: CallClock) => AsyncIterable<Part>,
  { totalMs = 60_000, signal = new AbortController().signal } = {},
): Promise<Part[]> {
  const explain = (error: unknown) => fault(SITE, "malformed", `threw ${(error as Error).message}`);
  const parts: Part[] = [];
  const reading = (async () => {
    const call = { site: SITE, timeouts: phaseTimeouts(totalMs), signal, run, explain };
    for await (const part of guarded(call)) parts.push(part);
  })();
  await within("the stream ends", reading, 5000);
  return parts;
}

test("parts pass, and nothing after the end", async () => {
  const parts = await partsOf(async function* () {
    yield TEXT;
    yield END;
    yield TEXT;
  });
  expect(parts).toEqual([TEXT, END]);
});

test("a throw becomes an error that is explained", async () => {
  const parts = await partsOf(async function* () {
    yield TEXT;
    throw new Error("oh");
  });
  expect(parts.at(-1)).toMatchObject({
    type: "error",
    errorClass: "malformed",
    message: "p (m) threw oh; check that providers.p.base_url is an API of this type",
  });
});

test("an end without a last part is malformed", async () => {
  const parts = await partsOf(async function* () {
    yield TEXT;
  });
  expect(parts.map(({ type }) => type)).toEqual(["text.delta", "error"]);
});

test("code that ignores its signal does not hold the caller", async () => {
  const parts = await partsOf(
    () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }),
    {
      totalMs: 50,
    },
  );
  expect(parts).toMatchObject([{ type: "error", errorClass: "timeout" }]);
  expect((parts[0] as { message: string }).message).toContain("within 0.05 s (phase total)");
});

test("the first failure counts, whatever the code says after it", async () => {
  const parts = await partsOf(async function* (clock) {
    clock.fail(failure("quota", "first"));
    clock.fail(failure("auth", "second"));
    yield failure("malformed", "third");
  });
  expect(parts).toEqual([failure("quota", "first")]);
});

test("a signal that is aborted before runs nothing", async () => {
  let ran = false;
  const parts = await partsOf(
    async function* () {
      ran = true;
      yield END;
    },
    { signal: AbortSignal.abort() },
  );
  expect(parts).toMatchObject([{ errorClass: "aborted" }]);
  expect(ran).toBe(false);
});

test("the code inside is told to stop when the caller goes away, and left in peace when it was done", async () => {
  for (const last of [TEXT, END]) {
    const closed = createSignal<boolean>();
    let released = false;
    const run = async function* (clock: CallClock): AsyncGenerator<Part> {
      clock.onComplete(() => {
        released = true;
      });
      try {
        yield last;
        yield TEXT;
      } finally {
        closed.give(clock.signal.aborted);
      }
    };
    const explain = () => failure("malformed", "no");
    const signal = new AbortController().signal;
    for await (const _ of guarded({ site: SITE, timeouts: phaseTimeouts(1000), signal, run, explain })) break;
    expect(await closed.promise).toBe(last === TEXT);
    expect(released).toBe(last === END);
  }
});

test("phases that are not set are bounded by the total, connecting by 10 s", () => {
  expect(phaseTimeouts(300_000)).toEqual({
    ...{ connectMs: 10_000, firstByteMs: 300_000, idleMs: 300_000, totalMs: 300_000 },
  });
  expect(phaseTimeouts(500, { idleMs: 20 })).toEqual({
    ...{ connectMs: 500, firstByteMs: 500, idleMs: 20, totalMs: 500 },
  });
});
