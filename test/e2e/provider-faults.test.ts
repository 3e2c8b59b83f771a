// What a provider can do wrong: errors that a retry may mend are retried with backoff, the others end the task at once,
// and every attempt is exactly one call.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { startStubModel } from "../support/stub-model.ts";
import { ended, submit } from "../support/tasks.ts";

let rig: Rig;
let daemon: Daemon;

beforeAll(async () => {
  rig = await createRig({
    config: { providers: { stub: { timeout_seconds: 0.5 } } },
  });
  daemon = await rig.start();
});
afterAll(() => rig.close());

const waits = (id: string): (string | null)[] =>
  rig.read((db) =>
    db
      .events(id)
      .filter((event) => event.state_to === "RETRY_WAIT")
      .map((event) => event.reason_code),
  );

const MENDED = [
  ["500", "RETRY_PROVIDER_OVERLOADED"],
  ["429", "RETRY_PROVIDER_RATE_LIMIT"],
  ["reset", "RETRY_PROVIDER_NETWORK"],
  ["hang", "RETRY_PROVIDER_TIMEOUT"],
  ["badjson", "RETRY_PROVIDER_MALFORMED"],
] as const;

test.each(MENDED)("[QUE-003] %s is retried as %s, one call an attempt", async (fault, reason) => {
  const id = await submit(daemon.client, `task m-${fault} fault=${fault}:1`);
  expect(await ended(daemon.client, id)).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
  expect(waits(id)).toEqual([reason]);
  expect(rig.stub.count(`task-m-${fault}`)).toBe(2);
});

test("[QUE-003] a page of HTML from a broken proxy is retried", async () => {
  const id = await submit(daemon.client, "task m-html fault=html:1");
  expect(await ended(daemon.client, id)).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
  expect(waits(id)[0]).toMatch(/^RETRY_PROVIDER_/);
});

test("[QUE-003] Retry-After is honoured", async () => {
  const id = await submit(daemon.client, "task after fault=429:1 retryafter=1");
  expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
  const [first, second] = rig.stub.calls.filter((call) => call.key === "task-after");
  expect(second!.startedAt - first!.startedAt).toBeGreaterThanOrEqual(1000);
});

test("a key of one letter does not cut that letter out of what the provider says", async () => {
  const short = await createRig({ config: { providers: { stub: { api_key: "k" } } } });
  try {
    const { client } = await short.start();
    const task = await ended(client, await submit(client, "task tiny fault=401"));
    expect(task.error?.message).toContain("incorrect API key");
    expect(task.error?.message).not.toContain("[key]");
  } finally {
    await short.close();
  }
});

test("[QUE-004] attempts are bounded: FAILED and DEAD_LETTER in one breath", async () => {
  const id = await submit(daemon.client, "task always fault=500", { max_attempts: 4 });
  expect(await ended(daemon.client, id)).toMatchObject({
    state: "DEAD_LETTER",
    reason_code: "DEAD_LETTER_MAX_ATTEMPTS",
    attempt: 4,
    error: { code: expect.stringMatching(/^(RETRY_)?PROVIDER_/) },
  });
  expect(rig.stub.count("task-always")).toBe(4);
});

test.each([
  ["400", "PROVIDER_BAD_REQUEST"],
  ["401", "PROVIDER_AUTH"],
] as const)("%s ends the task at once as %s", async (fault, code) => {
  const id = await submit(daemon.client, `task e-${fault} fault=${fault}`);
  expect(await ended(daemon.client, id)).toMatchObject({ state: "FAILED", attempt: 1, error: { code } });
  expect(rig.stub.count(`task-e-${fault}`)).toBe(1);
});

test("text of a broken attempt does not leak into the answer", async () => {
  const id = await submit(daemon.client, "task clean words=10 fault=reset:2");
  expect((await ended(daemon.client, id)).result?.text).toMatch(/^w0 w1 .* done clean$/);
});

test("a provider that is not there is a network error with a reason, not a crash", async () => {
  const gone = await startStubModel();
  await gone.close();
  const lonely = await createRig({
    config: { providers: { stub: { base_url: gone.baseUrl } }, max_attempts: 2 },
  });
  try {
    const { client } = await lonely.start();
    const task = await ended(client, await submit(client, "task alone"));
    expect(task).toMatchObject({ state: "DEAD_LETTER", attempt: 2 });
    expect(task.error?.message).toContain(new URL(gone.baseUrl).host);
    expect(task.error?.message).toContain("base_url");
  } finally {
    await lonely.close();
  }
});

test("the key goes to the provider and nowhere else", async () => {
  const id = await submit(daemon.client, "task secret fault=401");
  const task = await ended(daemon.client, id);
  expect(rig.stub.calls.find((call) => call.key === "task-secret")?.authorization).toBe("Bearer sk-stub");
  expect(JSON.stringify(task)).not.toContain("sk-stub");
  expect(daemon.stderr()).not.toContain("sk-stub");
});
