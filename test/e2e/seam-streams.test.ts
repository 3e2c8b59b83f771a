// A provider that breaks off in mid-answer, as those see it who watch: an event for those who read events, while the
// next provider is still silent, and one text without a gap for those who read text.

import { afterEach, beforeEach, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { type StubModel, startStubModel } from "../support/stub-model.ts";
import { submit } from "../support/tasks.ts";
import { until } from "../support/wait.ts";
import { connectWs, noted } from "../support/ws.ts";

let second: StubModel;
let rig: Rig;
let daemon: Daemon;

/** The first provider says this at each of its two tries, and breaks off. */
const HALF = "half an,";
const REST = " answer, and the rest of it";
const WHOLE = HALF + HALF + REST;

beforeEach(async () => {
  second = await startStubModel(() => ({ text: REST, gate: "second" }));
  const other = { type: "openai_compatible", base_url: second.baseUrl, api_key: "sk-second" };
  const llm = { fallback_providers: ["second/m2"], failover_threshold: 100 };
  rig = await createRig({ config: { providers: { second: other }, llm } });
  rig.stub.use(() => ({ gate: "first", fault: "cut" }));
  daemon = await rig.start();
});
afterEach(async () => {
  second.openAll();
  await rig.close();
  await second.close();
});

const SEAM = {
  type: "model.seam",
  payload: { from: "stub/m", to: "second/m2", offset: HALF.length * 2, error_class: "network" },
};

test("the event streams show the seam before the next provider has said a word", async () => {
  const { client } = daemon;
  const id = await submit(client, "go");
  const { task } = (await client.get(`/api/v1/tasks/${id}`)).json<{ task: { session_id: string } }>();
  const sse = await client.stream("GET", `/api/v1/task/stream?task_id=${id}`);
  const ws = await connectWs(client);
  await ws.call("session.events.subscribe", { session_id: task.session_id });
  rig.stub.open("first");
  await second.reached("second");
  const isSeam = (type: unknown, payload: unknown): boolean =>
    type === SEAM.type && (payload as { to: string }).to === SEAM.payload.to;
  const onSse = await sse.first("the seam on SSE", ({ data, id: seq }) => {
    const { type, payload } = JSON.parse(data) as { type?: string; payload?: object };
    return seq !== undefined && isSeam(type, payload);
  });
  expect(JSON.parse(onSse.data)).toMatchObject(SEAM);
  const onWs = await ws.first("the seam on the WebSocket", ({ method, params }) => {
    const event = (params.event ?? params) as { type?: string; payload?: object };
    return method === "session.event" && isSeam(event.type, event.payload);
  });
  expect(onWs.params.event ?? onWs.params).toMatchObject(SEAM);
  second.open("second");
  const events = await sse.all();
  const tokens = events
    .filter(({ event }) => event === "token")
    .map(({ data }) => JSON.parse(data) as { offset: number; text: string });
  // Each piece at its offset, and the turn's end with the whole.
  expect(tokens.at(-1)).toMatchObject({ offset: 0, text: WHOLE });
  for (const { offset, text } of tokens) expect(WHOLE.slice(offset, offset + text.length)).toBe(text);
  expect(events.at(-1)?.event).toBe("done");
  await ws.close();
});

test("the text streams go on where the first provider stopped, without a gap or a repetition", async () => {
  const { client } = daemon;
  const ws = await connectWs(client);
  const spoken = ws.call("agent.chat.stream", { content: "go" });
  const body = { model: "goclaw", stream: true, messages: [{ role: "user", content: "go" }] };
  const streamed = client.stream("POST", "/v1/chat/completions", { body });
  // Whoever comes after a piece was said hears it only with the whole.
  await until("both to be asked", () => rig.stub.calls.length === 2);
  rig.stub.open("first");
  const sse = await streamed;
  await ws.first("the first half", ({ params }) => String(params.content).includes(HALF));
  await sse.first("the first half", ({ data }) => data.includes(HALF));
  second.open("second");
  const chunks = (await sse.all()).map(({ data }) => data);
  expect(chunks.at(-1)).toBe("[DONE]");
  const choices = chunks
    .slice(0, -1)
    .map((data) => JSON.parse(data) as { choices: { delta: { content?: string }; finish_reason: unknown }[] })
    .flatMap((chunk) => chunk.choices);
  expect(choices.map(({ delta }) => delta.content ?? "").join("")).toBe(WHOLE);
  expect(choices.map((choice) => choice.finish_reason).filter(Boolean)).toEqual(["stop"]);
  expect(await spoken).toMatchObject({ content: WHOLE });
  expect(
    noted(ws, "agent.chat.stream")
      .map(({ content }) => String(content))
      .join(""),
  ).toBe(WHOLE);
  await ws.close();
});
