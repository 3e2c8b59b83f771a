// The OpenAI-compatible face, spoken to by the official client: what it gets streamed and unstreamed is the same, every
// request is one durable task, and the model is asked once whatever the client does.

import type OpenAI from "openai";
import { APIError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { openAiOf } from "../support/official.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { usageOf } from "../support/stub-wire.ts";
import { ended, readTask, type WireTask } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
let daemon: Daemon;
let openai: OpenAI;

beforeAll(async () => {
  rig = await createRig({ config: { agents: [{ agent_id: "helper", display_name: "Helper" }] } });
  daemon = await rig.start();
  openai = openAiOf(daemon.client);
});
afterAll(() => rig.close());

const ask = (content: string, model = "goclaw") => ({
  model,
  messages: [{ role: "user" as const, content }],
});

async function refusal(request: Promise<unknown>): Promise<APIError> {
  const error = await request.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(APIError);
  return error as APIError;
}

describe("chat completions", () => {
  test("the same text comes streamed and unstreamed, for one model call each", async () => {
    const whole = await openai.chat.completions.create(ask("task both words=60"));
    const stream = openai.chat.completions.stream({
      ...ask("task both words=60"),
      stream_options: { include_usage: true },
    });
    const streamed = await stream.finalChatCompletion();
    const text = whole.choices[0]?.message.content;
    expect(text).toMatch(/^w0 w1 .* w59 done both$/);
    expect(streamed.choices[0]?.message.content).toBe(text);
    expect(streamed.choices[0]?.finish_reason).toBe("stop");
    expect(rig.stub.count("task-both")).toBe(2);
    const calls = rig.stub.calls.filter((call) => call.key === "task-both");
    const reported = usageOf(calls[0]!.body, { text: text! });
    expect(whole.usage).toMatchObject(reported);
    expect(await stream.totalUsage()).toMatchObject(reported);
  });

  test("a stream opens with the role, ends with one finish reason, the usage and [DONE]", async () => {
    const stream = await daemon.client.stream("POST", "/v1/chat/completions", {
      body: { ...ask("task chunks words=20"), stream: true, stream_options: { include_usage: true } },
    });
    const events = await stream.all();
    expect(stream.headers["content-type"]).toContain("text/event-stream");
    expect(events.at(-1)?.data).toBe("[DONE]");
    const chunks = events.slice(0, -1).map((event) => JSON.parse(event.data) as OpenAI.ChatCompletionChunk);
    expect(chunks[0]?.choices[0]?.delta.role).toBe("assistant");
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
    expect(chunks.filter((chunk) => chunk.choices[0]?.finish_reason).length).toBe(1);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 22 } });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage == null)).toBe(true);
  });

  test("deltas reach the client while the model is still speaking", async () => {
    const stream = await openai.chat.completions.create({
      ...ask("task live words=40 midgate=live"),
      stream: true,
    });
    const seen: string[] = [];
    for await (const chunk of stream) {
      const piece = chunk.choices[0]?.delta.content;
      if (piece && seen.length === 0) rig.stub.open("live");
      if (piece) seen.push(piece);
    }
    expect(seen.join("")).toMatch(/done live$/);
  });

  test("tools run inside the task, out of the client's sight", async () => {
    const answer = await openai.chat.completions.create(ask("task tooled tools=now,send_alert"));
    expect(answer.choices[0]?.message).toMatchObject({ role: "assistant", content: "done tooled" });
    expect(answer.choices[0]?.message.tool_calls ?? []).toEqual([]);
    expect([rig.stub.count("task-tooled", 0), rig.stub.count("task-tooled", 1)]).toEqual([1, 1]);
    expect(rig.sink.callsOf("task-tooled")).toHaveLength(1);
  });

  test("the headers name the task, the provider and the model that answered", async () => {
    const { data, response } = await openai.chat.completions.create(ask("task headed")).withResponse();
    const task = await readTask(daemon.client, response.headers.get("x-goclaw-task")!);
    expect(task).toMatchObject({ state: "SUCCEEDED", result: { text: data.choices[0]?.message.content } });
    expect(response.headers.get("x-goclaw-provider")).toBe("stub");
    expect(response.headers.get("x-goclaw-model")).toBe("m");
  });

  test("an agent is addressed by its name", async () => {
    const { data, response } = await openai.chat.completions
      .create(ask("task named", "agent:helper"))
      .withResponse();
    expect(data.choices[0]?.message.content).toBe("done named");
    const task = await readTask(daemon.client, response.headers.get("x-goclaw-task")!);
    expect(task.agent_id).toBe("helper");
  });

  test("system, earlier turns and sampling reach the model as they were sent", async () => {
    await openai.chat.completions.create({
      model: "goclaw",
      temperature: 0.25,
      max_tokens: 77,
      messages: [
        { role: "system", content: "be brief" },
        { role: "user", content: "task earlier" },
        { role: "assistant", content: "done earlier" },
        { role: "user", content: "task sampled" },
      ],
    });
    const body = rig.stub.calls.find((call) => call.key === "task-sampled")!.body as unknown as {
      messages: { role: string; content: string }[];
    };
    expect(body).toMatchObject({ temperature: 0.25 });
    expect(Object.values(body)).toContain(77);
    const said = body.messages.map((message) => `${message.role}: ${message.content}`);
    expect(said.slice(-3)).toEqual(["user: task earlier", "assistant: done earlier", "user: task sampled"]);
    expect(said.some((line) => line.startsWith("system:") && line.includes("be brief"))).toBe(true);
  });
});

describe("a client that hangs up", () => {
  test("[REL-001] in the middle of a stream changes nothing: the task ends and the model was asked once", async () => {
    const { data, response } = await openai.chat.completions
      .create({ ...ask("task gone words=40 midgate=gone"), stream: true })
      .withResponse();
    const first = data[Symbol.asyncIterator]();
    await first.next();
    await rig.stub.reached("gone");
    data.controller.abort();
    rig.stub.open("gone");
    const task = await ended(daemon.client, response.headers.get("x-goclaw-task")!);
    expect(task.state).toBe("SUCCEEDED");
    expect(task.result?.text).toMatch(/^w0 .* done gone$/);
    expect(rig.stub.count("task-gone")).toBe(1);
    expect(rig.stub.calls.find((call) => call.key === "task-gone")?.end).toBe("answered");
  });

  test("[REL-001] while it waits for a whole answer changes nothing either", async () => {
    const leave = new AbortController();
    const asked = openai.chat.completions.create(ask("task left gate=left"), { signal: leave.signal });
    await rig.stub.reached("left");
    leave.abort();
    await expect(asked).rejects.toThrow();
    rig.stub.open("left");
    const task = await until("the abandoned task to succeed", async () => {
      const list = await daemon.client.get("/api/v1/tasks?limit=50");
      const found = list
        .json<{ tasks: WireTask[] }>()
        .tasks.find((each) => each.prompt.startsWith("task left"));
      return found?.state === "SUCCEEDED" ? found : undefined;
    });
    expect(task.attempt).toBe(1);
    expect(rig.stub.count("task-left")).toBe(1);
  });
});

describe("requests that cannot be honoured", () => {
  test("an unknown model or agent is a 404 that says its name", async () => {
    for (const model of ["gpt-of-nobody", "agent:nobody"]) {
      const error = await refusal(openai.chat.completions.create(ask("hello", model)));
      expect(error.status).toBe(404);
      expect(error.message).toContain(model.replace("agent:", ""));
    }
  });

  test("a field that an agent cannot honour is a 400 that names it, and nothing is run", async () => {
    const before = rig.read((db) => db.tasks().length);
    const error = await refusal(openai.chat.completions.create({ ...ask("task twice"), n: 2 }));
    expect(error).toMatchObject({ status: 400, type: "invalid_request_error" });
    expect(error.message).toMatch(/\bn\b/);
    const unknown = await daemon.client.post("/v1/chat/completions", { ...ask("task odd"), frobnicate: 1 });
    expect(unknown.status).toBe(400);
    expect(unknown.json<{ error: { message: string } }>().error.message).toContain("frobnicate");
    expect(rig.read((db) => db.tasks().length)).toBe(before);
  });

  test("no user message, an empty one, or a wrong shape is a 400", async () => {
    for (const messages of [
      [],
      [{ role: "user", content: "" }],
      "hello",
      [{ role: "wizard", content: "x" }],
    ]) {
      const reply = await daemon.client.post("/v1/chat/completions", { model: "goclaw", messages });
      expect([reply.status, reply.text]).toEqual([400, expect.stringContaining("invalid_request_error")]);
    }
  });

  test("a model that fails is an error with a code, streamed too, not an empty answer", async () => {
    const error = await refusal(openai.chat.completions.create(ask("task refused fault=400")));
    expect(error.status).toBeGreaterThanOrEqual(400);
    expect(error.code).toBe("PROVIDER_BAD_REQUEST");
    const stream = await daemon.client.stream("POST", "/v1/chat/completions", {
      body: { ...ask("task refused2 fault=400"), stream: true },
    });
    const said = stream.status === 200 ? (await stream.all()).map((event) => event.data).join() : "status";
    expect(said).toMatch(/PROVIDER_BAD_REQUEST|status/);
  });
});

test("/v1/models lists agents and configured models, and names one", async () => {
  const ids = (await openai.models.list()).data.map((model) => model.id);
  expect(ids).toEqual(expect.arrayContaining(["goclaw", "agent:default", "agent:helper"]));
  expect((await openai.models.retrieve("goclaw")).id).toBe("goclaw");
  expect((await refusal(openai.models.retrieve("nothing"))).status).toBe(404);
});
