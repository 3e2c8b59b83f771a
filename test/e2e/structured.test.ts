// Answers that must be data, through the real daemon: every way a schema can come in, what a client gets when the model
// needs to be asked again, and that a kill in between buys no answer twice.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type OpenAI from "openai";
import { APIError } from "openai";
import { afterEach, describe, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import type { Reply } from "../support/directive.ts";
import { openAiOf } from "../support/official.ts";
import { createRig, type Rig, type RigOptions } from "../support/rig.ts";
import type { Script } from "../support/stub-model.ts";
import { ended, readEvents, submit } from "../support/tasks.ts";

let rig: Rig;
afterEach(() => rig.close());

const SCHEMA = {
  type: "object",
  properties: { city: { type: "string" }, people: { type: "integer", minimum: 0 } },
  required: ["city", "people"],
  additionalProperties: false,
};
const GOOD = '{"city":"Köln","people":1}';
const MIXED = `Sure! Here { you } go:\n\`\`\`json\n${GOOD}\n\`\`\`\nAnything else?`;

/** Gives the answers one after the other, and the last one for ever; how many were given already is in the request. */
const inTurn =
  (...texts: readonly (string | Reply)[]): Script =>
  ({ messages }) => {
    const given = messages.filter(({ role }) => role === "assistant").length;
    const reply = texts[Math.min(given, texts.length - 1)] ?? "";
    return typeof reply === "string" ? { text: reply } : reply;
  };

async function start(script: Script, options: RigOptions = {}): Promise<Daemon> {
  rig = await createRig(options);
  rig.stub.use(script);
  return await rig.start();
}

const request = (format: OpenAI.ChatCompletionCreateParams["response_format"]) => ({
  model: "goclaw",
  messages: [{ role: "user" as const, content: "where?" }],
  response_format: format!,
});
const CITY = { type: "json_schema" as const, json_schema: { name: "city", schema: SCHEMA, strict: true } };

describe("a task with a schema", () => {
  test("gets the data out of what the model wrote around it, in one call", async () => {
    const { client } = await start(inTurn(MIXED));
    const task = await ended(client, await submit(client, "where?", { schema: SCHEMA }));
    expect(task).toMatchObject({
      state: "SUCCEEDED",
      result: { text: GOOD, structured: { city: "Köln", people: 1 } },
    });
    expect(rig.stub.calls).toHaveLength(1);
    const { body } = rig.stub.calls[0]!;
    expect(body).toMatchObject({ response_format: { type: "json_schema", json_schema: { schema: SCHEMA } } });
    expect(JSON.stringify(body.messages[0])).toContain("JSON Schema");
  });

  test("is asked again with what is wrong, and each answer is journaled", async () => {
    const { client } = await start(inTurn("I would rather not.", '{"city":7,"size":1}', GOOD));
    const id = await submit(client, "where?", { schema: SCHEMA });
    expect(await ended(client, id)).toMatchObject({ state: "SUCCEEDED", result: { text: GOOD } });
    const asked = rig.stub.calls.map(({ body }) => String(body.messages.at(-1)?.content));
    expect(asked[1]).toContain("no JSON value");
    expect(asked[2]).toMatch(/\/city must be string/);
    expect(asked[2]).toContain('"size"');
    expect(asked[2]).toContain("'people'");
    const ends = (await readEvents(client, id)).filter(({ type }) => type === "model.end");
    expect(ends.map(({ payload }) => payload.draft)).toEqual([true, true, true]);
  });

  test("fails with the violations when the model never gets it right", async () => {
    const { client } = await start(inTurn('{"city":"Ulm","people":-1}'));
    const task = await ended(client, await submit(client, "where?", { schema: SCHEMA }));
    expect(task).toMatchObject({ state: "FAILED", error: { code: "STRUCTURED_OUTPUT_INVALID" } });
    expect(task.error?.message).toContain("/people must be >= 0");
    expect(task.usage.output_tokens).toBeGreaterThan(0);
    expect(rig.stub.calls).toHaveLength(3);
  });

  test("may use tools before it answers; only the last turn is the data", async () => {
    const tools: Reply = { text: "Let me look. [1]", toolCalls: [{ name: "now", args: {} }] };
    const { client } = await start(inTurn(tools, GOOD));
    const task = await ended(client, await submit(client, "where?", { schema: SCHEMA }));
    expect(task).toMatchObject({ state: "SUCCEEDED", result: { text: GOOD } });
  });

  test("is put into words for a vendor that refuses the schema as its own mode", async () => {
    const { client } = await start((body) =>
      "response_format" in body ? { fault: "400" } : { text: `Well: ${GOOD}` },
    );
    const task = await ended(client, await submit(client, "where?", { schema: SCHEMA }));
    expect(task).toMatchObject({ state: "SUCCEEDED", result: { text: GOOD } });
    expect(rig.stub.calls).toHaveLength(2);
  });

  test("shows its stream only what was checked", async () => {
    const { client } = await start(inTurn("not yet", MIXED));
    const id = await submit(client, "where?", { schema: SCHEMA });
    const stream = await client.stream("GET", `/api/v1/task/stream?task_id=${id}`);
    const events = await stream.all();
    expect(events.map(({ event }) => event)).not.toContain("token");
    expect(JSON.stringify(events)).not.toContain("not yet");
    const last = JSON.parse(events.at(-1)?.data ?? "") as object;
    expect(last).toMatchObject({ task: { result: { text: GOOD, structured: { people: 1 } } } });
  });

  test("refuses a schema that is none, and names the place", async () => {
    const { client } = await start(inTurn(GOOD));
    const refuse = (schema: unknown) => client.post("/api/v1/tasks", { prompt: "x", schema });
    const bad = await refuse({ type: "object", properties: { a: { type: "strin" } } });
    expect(bad.status).toBe(400);
    expect(bad.text).toContain("properties/a/type");
    expect((await refuse({ $ref: "http://127.0.0.1:1/remote" })).status).toBe(400);
    expect((await refuse({ pattern: "(" })).status).toBe(400);
    expect((await refuse("object")).status).toBe(400);
    const deep = `{"prompt":"x","schema":${'{"not":'.repeat(5_000)}{}${"}".repeat(5_000)}}`;
    expect((await client.post("/api/v1/tasks", deep)).status).toBe(400);
    expect(rig.stub.calls).toHaveLength(0);
  });
});

describe("a kill between two askings", () => {
  test("[BRN-002] buys no answer twice and goes on with the one that is missing", async () => {
    const first = await start(inTurn("no", '{"city":1}', { text: GOOD, gate: "third" }));
    const id = await submit(first.client, "where?", { schema: SCHEMA });
    await rig.stub.reached("third");
    await first.kill();
    rig.stub.open("third");
    const second = await rig.start();
    expect(await ended(second.client, id)).toMatchObject({
      state: "SUCCEEDED",
      attempt: 2,
      result: { structured: { city: "Köln", people: 1 } },
    });
    const given = rig.stub.calls.map(
      ({ body }) => body.messages.filter(({ role }) => role === "assistant").length,
    );
    expect(given).toEqual([0, 1, 2, 2]);
  });
});

describe("chat completions", () => {
  test("response_format gives the same JSON streamed and unstreamed, and nothing of what did not fit", async () => {
    const daemon = await start(inTurn("hm, a city", MIXED));
    const openai = openAiOf(daemon.client);
    const whole = await openai.chat.completions.create(request(CITY));
    expect(whole.choices[0]?.message.content).toBe(GOOD);
    expect(whole.choices[0]?.finish_reason).toBe("stop");
    const stream = await openai.chat.completions.create({ ...request(CITY), stream: true });
    const pieces: string[] = [];
    for await (const chunk of stream) pieces.push(chunk.choices[0]?.delta.content ?? "");
    expect(pieces.join("")).toBe(GOOD);
    expect(rig.stub.calls).toHaveLength(4);
  });

  test("one Idempotency-Key is one task with one schema", async () => {
    const { client } = await start(inTurn(GOOD));
    const send = (schema: object) =>
      client.post("/api/v1/tasks", { prompt: "where?", schema }, { "idempotency-key": "one" });
    const replies = [await send(SCHEMA), await send(SCHEMA), await send({})];
    expect(replies.map(({ status }) => status)).toEqual([202, 202, 409]);
  });

  test("json_object takes any object, text takes anything", async () => {
    const openai = openAiOf((await start(inTurn("[1, 2]", 'ok: {"a": [1]}'))).client);
    const any = await openai.chat.completions.create(request({ type: "json_object" }));
    expect(any.choices[0]?.message.content).toBe('{"a": [1]}');
    const text = await openai.chat.completions.create(request({ type: "text" }));
    expect(text.choices[0]?.message.content).toBe("[1, 2]");
  });

  test("an answer that never fits is an error with the code, streamed and not", async () => {
    const openai = openAiOf((await start(inTurn("never"))).client);
    const failure = (more: object) =>
      openai.chat.completions.create({ ...request(CITY), ...more }).then(
        () => undefined,
        (error: unknown) => error,
      );
    for (const more of [{}, { stream: true }]) {
      const error = await failure(more);
      expect(error).toBeInstanceOf(APIError);
      expect(error).toMatchObject({ code: "STRUCTURED_OUTPUT_INVALID", status: 502 });
    }
    const none = openai.chat.completions.create(request({ type: "json_schema" } as never));
    await expect(none).rejects.toMatchObject({ status: 400 });
  });
});

describe("agents and the command line", () => {
  test("an agent's schema holds for its tasks, from config.yaml and from a file", async () => {
    rig = await createRig({
      config: {
        agents: [
          { agent_id: "inline", structured_output: { schema: SCHEMA, max_retries: 0 } },
          { agent_id: "filed", structured_output: { schema_file: "schemas/city.json" } },
        ],
      },
    });
    mkdirSync(join(rig.home, "schemas"));
    writeFileSync(join(rig.home, "schemas/city.json"), JSON.stringify(SCHEMA));
    rig.stub.use(inTurn("later", GOOD));
    const { client } = await rig.start();
    const inline = await ended(client, await submit(client, "where?", { agent: "inline" }));
    expect(inline).toMatchObject({ state: "FAILED", error: { code: "STRUCTURED_OUTPUT_INVALID" } });
    const filed = await ended(client, await submit(client, "where?", { agent: "filed" }));
    expect(filed).toMatchObject({ state: "SUCCEEDED", result: { text: GOOD } });
  });

  test("a daemon with an agent's schema that is none does not start, and says which", async () => {
    const schema = { type: "objekt" };
    rig = await createRig({ config: { agents: [{ agent_id: "odd", structured_output: { schema } }] } });
    const checked = await runCli(rig.home, ["config", "validate"]);
    expect(checked.code).toBe(77);
    expect(checked.stderr).toContain("agent odd, structured_output");
    await expect(rig.start()).rejects.toThrow(/agent odd, structured_output/);
  });

  test("run --schema prints the JSON and nothing else", async () => {
    await start(inTurn("one moment", MIXED));
    const file = join(rig.home, "city.json");
    writeFileSync(file, JSON.stringify(SCHEMA));
    const { code, stdout } = await runCli(rig.home, ["run", "where?", "--schema", file]);
    expect([code, stdout.trim()]).toEqual([0, GOOD]);
    writeFileSync(file, "[]");
    const bad = await runCli(rig.home, ["run", "where?", "--schema", file]);
    expect([bad.code, bad.stdout]).toEqual([2, ""]);
    expect(bad.stderr).toContain("city.json");
  });
});
