// The rigs rest on the stub model and the sink, so these are held to what they promise, by the official client.

import OpenAI, { type APIError } from "openai";
import { afterEach, expect, test } from "vitest";
import { startSink } from "../support/sink.ts";
import { type StubModel, startStubModel } from "../support/stub-model.ts";
import { until } from "../support/wait.ts";

let stub: StubModel;
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function client(): Promise<OpenAI> {
  stub = await startStubModel();
  open.push(stub.close);
  return new OpenAI({ baseURL: stub.baseUrl, apiKey: "sk-stub", maxRetries: 0 });
}

const ask = (prompt: string) => ({ model: "m", messages: [{ role: "user" as const, content: prompt }] });

test("the stub says the same text and the same calls whole and streamed", async () => {
  const openai = await client();
  const prompt = "task 5 words=9";
  const whole = await openai.chat.completions.create(ask(prompt));
  const streamed = openai.chat.completions.stream({
    ...ask(prompt),
    stream_options: { include_usage: true },
  });
  expect(await streamed.finalContent()).toBe(whole.choices[0]?.message.content);
  expect(await streamed.totalUsage()).toMatchObject(whole.usage!);
  expect(whole.choices[0]?.message.content).toMatch(/^w0 w1 .* done 5$/);

  const calling = "task 6 tools=send_alert,now";
  const calls = (await openai.chat.completions.create(ask(calling))).choices[0]?.message.tool_calls;
  const streamedCalls = await openai.chat.completions.stream(ask(calling)).finalChatCompletion();
  const named = (call: { id: string; function?: object } | undefined) =>
    call && { id: call.id, ...call.function };
  expect(calls).toHaveLength(2);
  for (const [index, call] of calls!.entries()) {
    expect(streamedCalls.choices[0]?.message.tool_calls?.[index]).toMatchObject({ id: call.id });
    expect(named(streamedCalls.choices[0]?.message.tool_calls?.[index])).toMatchObject(named(call)!);
  }
  expect(stub.count("task-5")).toBe(2);
  expect(stub.count("task-6", 0)).toBe(2);
});

test("the stub counts turns by the answers after the last user message", async () => {
  const openai = await client();
  const first = await openai.chat.completions.create(ask("task 7 tools=now;write_note"));
  const second = await openai.chat.completions.create({
    model: "m",
    messages: [
      { role: "user", content: "task 7 tools=now;write_note" },
      first.choices[0]!.message,
      { role: "tool", tool_call_id: "call_0", content: "noon" },
    ],
  });
  expect(second.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { name: "write_note" } });
  expect([stub.count("task-7", 0), stub.count("task-7", 1)]).toEqual([1, 1]);
});

test("a gate holds the answer until it is opened, and a reader who left is recorded", async () => {
  const openai = await client();
  const leave = new AbortController();
  const asked = openai.chat.completions.create(ask("task 8 gate=hold"), { signal: leave.signal });
  const call = await stub.reached("hold");
  expect(call.end).toBe("open");
  leave.abort();
  await expect(asked).rejects.toThrow();
  await until("the stub noticing the reader who left", () => call.end === "client_gone");
  const again = openai.chat.completions.create(ask("task 8 gate=hold"));
  stub.open("hold");
  expect((await again).choices[0]?.message.content).toBe("done 8");
  expect(stub.calls.map((each) => each.end)).toEqual(["client_gone", "answered"]);
});

test("a fault is limited to its turn and its count", async () => {
  const openai = await client();
  const faulty = ask("task 9 fault=429:1 retryafter=3");
  const refused = await openai.chat.completions.create(faulty).catch((error: APIError) => error);
  expect(refused).toMatchObject({ status: 429 });
  expect((refused as APIError).headers?.get("retry-after")).toBe("3");
  expect((await openai.chat.completions.create(faulty)).choices[0]?.message.content).toBe("done 9");
  for (const kind of ["500", "400", "401", "reset", "html", "badjson"]) {
    await expect(openai.chat.completions.create(ask(`task 10 fault=${kind}`))).rejects.toThrow();
  }
});

test("the sink counts calls by key and shows their order", async () => {
  const sink = await startSink();
  open.push(sink.close);
  const arrived = sink.arrived("task-1");
  for (const title of ["task-1", "task-2", "task-1"]) {
    await fetch(sink.url, {
      method: "POST",
      body: JSON.stringify({ title }),
      headers: { "idempotency-key": `k-${title}` },
    });
  }
  expect((await arrived).idempotencyKey).toBe("k-task-1");
  expect(sink.callsOf("task-1")).toHaveLength(2);
  expect(sink.calls.map((call) => call.key)).toEqual(["task-1", "task-2", "task-1"]);
});
