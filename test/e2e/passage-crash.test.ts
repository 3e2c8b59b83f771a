// A client's own request when the daemon itself goes: a stream that broke off never looks whole, what nobody waits for is
// not bought again, and with a key of its own the same request finds its answer.

import type OpenAI from "openai";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { leftOpen } from "../support/home-sql.ts";
import { openAiOf } from "../support/official.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { taskWhere } from "../support/tasks.ts";

let rig: Rig;
let daemon: Daemon;

beforeEach(async () => {
  rig = await createRig();
  daemon = await rig.start();
});
afterEach(() => rig.close());

const TEXT = "one two three four five six seven eight";
const ask = { model: "stub/m", messages: [{ role: "user" as const, content: "task crash" }] };

interface Heard {
  text: string;
  finish: string | null;
  error: unknown;
}

/** Reads a stream to its end, however it ends. */
async function hear(openai: OpenAI, key?: string): Promise<Heard> {
  const heard: Heard = { text: "", finish: null, error: undefined };
  try {
    const options = key === undefined ? {} : { headers: { "Idempotency-Key": key } };
    for await (const { choices } of await openai.chat.completions.create({ ...ask, stream: true }, options)) {
      heard.text += choices[0]?.delta.content ?? "";
      heard.finish = choices[0]?.finish_reason ?? heard.finish;
    }
  } catch (error) {
    heard.error = error;
  }
  return heard;
}

async function expectAbandoned({ client }: Daemon): Promise<void> {
  const [row] = rig.read((db) => db.tasks());
  const task = await taskWhere(client, row!.id, "has ended", ({ finished_at: at }) => at !== undefined);
  expect(task).toMatchObject({ state: "CANCELED", reason_code: "CLIENT_GONE" });
  expect(rig.stub.calls).toHaveLength(1);
}
test("kill -9 in mid-stream: the client gets an error, and what nobody waits for is not bought again", async () => {
  rig.stub.use(() => ({ text: TEXT, midGate: "half" }));
  const heard = hear(openAiOf(daemon.client));
  await rig.stub.reached("half");
  await daemon.kill();
  const { text, finish, error } = await heard;
  expect(TEXT.startsWith(text)).toBe(true);
  expect([finish, error]).toEqual([null, expect.any(Error)]);
  rig.stub.open("half");
  const next = await rig.start();
  await expectAbandoned(next);
  expect(leftOpen(rig.home)).toBe(0);
});

test("kill -9 in mid-stream: with a key the same request gets the whole answer of the same task", async () => {
  rig.stub.use(() => ({ text: TEXT, midGate: "half" }));
  const heard = hear(openAiOf(daemon.client), "k");
  await rig.stub.reached("half");
  await daemon.kill();
  expect((await heard).error).toBeInstanceOf(Error);
  rig.stub.open("half");
  const next = await rig.start();
  expect(await hear(openAiOf(next.client), "k")).toEqual({ text: TEXT, finish: "stop", error: undefined });
  expect(rig.stub.calls).toHaveLength(2);
  expect(rig.read((db) => db.tasks())).toHaveLength(1);
  expect(leftOpen(rig.home)).toBe(0);
});

test("a polite stop in mid-stream says so, and does not leave a request for nobody behind", async () => {
  rig.stub.use(() => ({ text: TEXT, midGate: "half" }));
  const heard = hear(openAiOf(daemon.client));
  await rig.stub.reached("half");
  await daemon.stop();
  const { finish, error } = await heard;
  expect([finish, error]).toEqual([null, expect.objectContaining({ code: "SHUTDOWN_REQUEUED" })]);
  rig.stub.open("half");
  const next = await rig.start();
  await expectAbandoned(next);
});

test("the same request of one key made twice at once is asked once, and both are answered", async () => {
  rig.stub.use(() => ({ text: TEXT, midGate: "half" }));
  const openai = openAiOf(daemon.client);
  const control = new AbortController();
  const options = { headers: { "Idempotency-Key": "twin" } };
  const gone = openai.chat.completions
    .create(ask, { ...options, signal: control.signal })
    .catch(() => "gone");
  await rig.stub.reached("half");
  const streamed = [hear(openai, "twin"), hear(openai, "twin")];
  const whole = openai.chat.completions.create(ask, options);
  control.abort();
  expect(await gone).toBe("gone");
  rig.stub.open("half");
  for (const heard of await Promise.all(streamed))
    expect(heard).toEqual({ text: TEXT, finish: "stop", error: undefined });
  expect((await whole).choices[0]?.message.content).toBe(TEXT);
  expect(rig.stub.calls).toHaveLength(1);
});
