// What users of the official client rely on beside the answer: models to choose from, an id to complain with, retries
// only where they help, and a history that takes back whatever was answered.

import OpenAI, { type APIError, BadRequestError } from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type KeyRig, startKeyRig } from "../support/keys.ts";

let rig: KeyRig;
let openai: OpenAI;

beforeAll(async () => {
  rig = await startKeyRig();
  openai = clientOf(rig.daemon.client.token);
});
afterAll(() => rig.close());

const clientOf = (apiKey: string, maxRetries = 0): OpenAI =>
  new OpenAI({ baseURL: `${rig.daemon.client.url}/v1`, apiKey, maxRetries });
const hi = { role: "user" as const, content: "hi" };
const ask = (more: object = {}) => ({ model: "stub/m", messages: [hi], ...more });
const thrownBy = (request: Promise<unknown>): Promise<APIError> =>
  request.then(
    () => Promise.reject(new Error("it was answered")),
    (error: APIError) => error,
  );

test("the models that may be passed to are listed, and each is found by its name", async () => {
  const ids = (await openai.models.list()).data.map(({ id }) => id);
  expect(ids).toContain("stub/m");
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(await openai.models.retrieve(id)).toMatchObject({ id, object: "model" });
  const plain = await rig.daemon.client.get("/v1/models/stub/m");
  expect([plain.status, plain.json().id]).toEqual([200, "stub/m"]);
  expect((await rig.daemon.client.get("/v1/models/stub/none")).status).toBe(404);
  const narrow = await rig.addKey("narrow", "--agents", "*", "--scopes", "acp.read,acp.mutate");
  const seen = (await clientOf(narrow.secret).models.list()).data.map(({ id }) => id);
  expect(seen.filter((id) => id.includes("/"))).toEqual([]);
});

test("null is absent in every field that may be null", async () => {
  rig.stub.use(() => ({ text: "well" }));
  const nulls = ["n", "stop", "stream", "tools", "tool_choice", "temperature", "logprobs", "top_logprobs"];
  const more = ["response_format", "stream_options", "seed", "user", "modalities", "logit_bias", "store"];
  const body = ask(Object.fromEntries([...nulls, ...more].map((name) => [name, null])));
  expect((await openai.chat.completions.create(body)).choices[0]?.message.content).toBe("well");
});

test("what is not on offer is refused in words that say what is", async () => {
  const several = await thrownBy(openai.chat.completions.create(ask({ n: 3 })));
  expect(several).toBeInstanceOf(BadRequestError);
  expect([several.param, several.message]).toEqual(["n", expect.stringContaining("one answer")]);
  for (const fields of [{ logprobs: true }, { top_logprobs: 3 }]) {
    const error = await thrownBy(openai.chat.completions.create(ask(fields)));
    expect(error).toMatchObject({ status: 400, param: Object.keys(fields)[0] });
    expect(error.message).toContain("log probabilities are not passed on");
  }
});

test("an empty answer goes back as history like any other", async () => {
  rig.stub.use(() => ({ text: "" }));
  const { choices } = await openai.chat.completions.create(ask());
  expect(choices[0]?.message.content).toBe("");
  rig.stub.use(() => ({ text: "again" }));
  const messages = [hi, choices[0]!.message, hi];
  const second = await openai.chat.completions.create({ model: "stub/m", messages });
  expect(second.choices[0]?.message.content).toBe("again");
});

test("every answer has an id to complain with, and a task's is its trace", async () => {
  rig.stub.use(() => ({ text: "well" }));
  const whole = await openai.chat.completions.create(ask());
  const streamed = await openai.chat.completions.create(ask({ stream: true as const })).withResponse();
  const failed = await thrownBy(openai.chat.completions.create(ask({ n: 2 })));
  const ids = [whole._request_id, streamed.request_id, failed.requestID];
  for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(new Set(ids).size).toBe(3);
  const taskId = streamed.response.headers.get("x-goclaw-task");
  const { task } = (await rig.daemon.client.get(`/api/v1/tasks/${taskId}`)).json<{
    task: { trace_id: string };
  }>();
  expect(task.trace_id).toBe(streamed.request_id);
});

test("the official client tries again only where that can help", async () => {
  const patient = clientOf(rig.daemon.client.token, 2);
  const counted = async (fault: "401" | "500"): Promise<number> => {
    rig.stub.use(() => ({ fault }));
    const before = rig.stub.calls.length;
    await thrownBy(patient.chat.completions.create(ask()));
    return rig.stub.calls.length - before;
  };
  expect(await counted("401")).toBe(1);
  const key = { headers: { "Idempotency-Key": "conflict" } };
  rig.stub.use(() => ({ text: "well" }));
  await patient.chat.completions.create(ask(), key);
  const error = await thrownBy(patient.chat.completions.create(ask({ seed: 1 }), key));
  expect([error.status, error.headers?.get("x-should-retry")]).toEqual([409, "false"]);
  expect(await counted("500")).toBe(3);
});

test("a key with a limit is told how much of it is left", async () => {
  rig.stub.use(() => ({ text: "well" }));
  const { secret } = await rig.addKey("slow", "--agents", "*", "--rpm", "3");
  const slow = clientOf(secret);
  const left: (string | null)[] = [];
  for (const more of [{}, { stream: true as const }, {}]) {
    const { response } = await slow.chat.completions.create(ask(more)).withResponse();
    expect(response.headers.get("x-ratelimit-limit-requests")).toBe("3");
    left.push(response.headers.get("x-ratelimit-remaining-requests"));
  }
  expect(left).toEqual(["2", "1", "0"]);
  const { status, headers } = await thrownBy(slow.chat.completions.create(ask()));
  expect([status, headers?.get("x-ratelimit-remaining-requests")]).toEqual([429, "0"]);
  expect(Number(headers?.get("retry-after"))).toBeGreaterThan(0);
  const free = await openai.chat.completions.create(ask()).withResponse();
  expect(free.response.headers.get("x-ratelimit-limit-requests")).toBeNull();
});
