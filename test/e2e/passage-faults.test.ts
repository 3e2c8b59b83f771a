// A client's own request when something goes wrong: the provider fails, breaks off in the middle of a tool call, cannot
// honour the request, or the client itself goes away.

import { connect } from "node:net";
import type OpenAI from "openai";
import {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from "openai";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import type { Fault } from "../support/directive.ts";
import { leftOpen } from "../support/home-sql.ts";
import { openAiOf } from "../support/official.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { type StubModel, startStubModel } from "../support/stub-model.ts";
import { readEvents, readTask, taskWhere } from "../support/tasks.ts";
import { openai as wire } from "../support/vendors/openai.ts";
import { startVendor, type VendorServer } from "../support/vendors/server.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
let second: StubModel;
let odd: VendorServer;
let daemon: Daemon;
let openai: OpenAI;

beforeEach(async () => {
  [second, odd] = await Promise.all([startStubModel(), startVendor()]);
  const compatible = { type: "openai_compatible", api_key: "sk" };
  rig = await createRig({
    config: {
      providers: {
        second: { ...compatible, base_url: second.baseUrl },
        odd: { ...compatible, base_url: `${odd.origin}/v1` },
        google: { api_key: "k", base_url: odd.origin },
      },
      llm: { fallback_providers: ["second/m2"], failover_threshold: 3 },
    },
  });
  daemon = await rig.start();
  openai = openAiOf(daemon.client);
});
afterEach(async () => {
  second.openAll();
  await rig.close();
  await Promise.all([second.close(), odd.close()]);
});

const TOOLS = [{ type: "function" as const, function: { name: "look", parameters: { type: "object" } } }];
const ask = (model: string, more: object = {}) => ({
  ...{ model, messages: [{ role: "user" as const, content: "task x" }] },
  ...more,
});
const thrownBy = (request: Promise<unknown>): Promise<unknown> =>
  request.then(
    () => undefined,
    (error: unknown) => error,
  );

type Thrown = new (...args: never[]) => APIError;

const FAULTS: readonly (readonly [Fault, Thrown, number, string])[] = [
  ["429", RateLimitError, 429, "RETRY_PROVIDER_RATE_LIMIT"],
  ["400", BadRequestError, 400, "PROVIDER_BAD_REQUEST"],
  ["500", InternalServerError, 503, "RETRY_PROVIDER_OVERLOADED"],
  ["401", InternalServerError, 502, "PROVIDER_AUTH"],
  ["badjson", InternalServerError, 502, "RETRY_PROVIDER_MALFORMED"],
];

test("what the last provider of the chain says becomes the official client's own error, asked once", async () => {
  // The last link has nobody behind it.
  for (const [fault, thrown, status, code] of FAULTS) {
    for (const stream of [false, true]) {
      second.use(() => ({ fault, retryAfterSeconds: 7 }));
      const before = second.calls.length;
      const error = await thrownBy(openai.chat.completions.create(ask("second/m2", { stream })));
      expect([fault, error]).toEqual([fault, expect.any(thrown)]);
      expect(error).toMatchObject({ status, code });
      if (fault === "429") expect((error as APIError).headers?.get("retry-after")).toBe("7");
      expect([fault, second.calls.length - before]).toEqual([fault, 1]);
    }
  }
  const states = rig.read((db) => db.tasks().map(({ state, attempt }) => `${state} ${attempt}`));
  expect(new Set(states)).toEqual(new Set(["FAILED 1"]));
});

test("a wrong token, an unknown model and a provider that is not there are errors of their own", async () => {
  const stranger = openAiOf({ ...daemon.client, token: "wrong" });
  expect(await thrownBy(stranger.chat.completions.create(ask("stub/m")))).toBeInstanceOf(AuthenticationError);
  for (const model of ["nobody/m", "no-such-model", "stub/"]) {
    const error = await thrownBy(openai.chat.completions.create(ask(model)));
    expect([model, error]).toEqual([model, expect.any(NotFoundError)]);
    expect(error).toMatchObject({ code: "MODEL_NOT_FOUND" });
  }
});

test("auto and a tier without tiers say what is missing", async () => {
  for (const model of ["auto", "tier:heavy"]) {
    const error = await thrownBy(openai.chat.completions.create(ask(model)));
    expect(error).toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: expect.stringContaining("config.yaml has no llm.tiers"),
    });
  }
});

test("before the first byte the next provider answers, and the headers say who did", async () => {
  rig.stub.use(() => ({ fault: "401" }));
  second.use(() => ({ toolCalls: [{ name: "look", args: { at: 2 } }] }));
  const { data, response } = await openai.chat.completions
    .create(ask("stub/m", { tools: TOOLS }))
    .withResponse();
  expect(data.choices[0]?.message.tool_calls).toMatchObject([{ function: { arguments: '{"at":2}' } }]);
  expect(response.headers.get("x-goclaw-provider")).toBe("second");
  expect(second.calls[0]?.body.tools).toEqual(TOOLS);
});

test("a break in the middle of a tool call never mixes two vendors' calls", async () => {
  odd.use(async (out) => {
    out.head(wire.contentType);
    const events = wire.events({
      text: ["I look"],
      calls: [{ id: "call_odd", name: "look", args: '{"at":1}' }],
    });
    for (const event of events.slice(0, -2)) await out.write(event);
    // A reset could take what was sent before along.
    out.finish();
  });
  second.use(() => ({ text: " again", toolCalls: [{ name: "look", args: { at: 2 } }] }));
  const body = ask("odd/m", { tools: TOOLS });
  const whole = await openai.chat.completions.create(body);
  const streamed = await openai.chat.completions.stream(body).finalChatCompletion();
  for (const { choices } of [whole, streamed]) {
    const { content, tool_calls: calls } = choices[0]!.message;
    expect(calls).toMatchObject([{ function: { name: "look", arguments: '{"at":2}' } }]);
    expect(calls).toHaveLength(1);
    expect(content).toMatch(/^I look.* again$/);
  }
});

test("with nobody behind it a broken stream is an error, and never ends as if it were whole", async () => {
  second.use(() => ({ fault: "reset" }));
  const seen: string[] = [];
  const error = await thrownBy(
    (async () => {
      for await (const chunk of await openai.chat.completions.create({ ...ask("second/m2"), stream: true }))
        seen.push(chunk.choices[0]?.finish_reason ?? "-");
    })(),
  );
  expect(error).toBeInstanceOf(APIError);
  expect((error as APIError).code).toBe("RETRY_PROVIDER_NETWORK");
  expect(seen).not.toContain("stop");
});

test("a client that goes away takes its call with it; nothing stays reserved or waiting", async () => {
  rig.stub.use(() => ({ text: "a b c d e f g h i j k l", midGate: "never", gate: "start" }));
  for (const stream of [true, false]) {
    const control = new AbortController();
    const request = thrownBy(
      (async () => {
        const answer = await openai.chat.completions.create(ask("stub/m", { stream }), {
          signal: control.signal,
        });
        if (stream) for await (const _ of answer as never as AsyncIterable<unknown>);
      })(),
    );
    const call = await rig.stub.reached("start");
    control.abort();
    await request;
    await until("the model is hung up on", () => call.end === "client_gone");
    const [task] = rig.read((db) => db.tasks()).slice(-1);
    await taskWhere(daemon.client, task!.id, "is canceled", ({ state }) => state === "CANCELED");
  }
  expect(leftOpen(rig.home)).toBe(0);
});

test("a client that goes before its task is there takes its call with it", async () => {
  rig.stub.use(() => ({ text: "well", gate: "never" }));
  const { hostname, port } = new URL(daemon.client.url);
  for (const stream of [true, false]) {
    const body = JSON.stringify(ask("stub/m", { stream }));
    const head = [
      ...["POST /v1/chat/completions HTTP/1.1", `host: ${hostname}`, "content-type: application/json"],
      ...[`authorization: Bearer ${daemon.client.token}`, `content-length: ${Buffer.byteLength(body)}`],
    ];
    const before = rig.read((db) => db.tasks()).length;
    const socket = connect(Number(port), hostname);
    socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
    await until("its task is there", () => rig.read((db) => db.tasks()).length > before);
    const [task] = rig.read((db) => db.tasks()).slice(-1);
    await taskWhere(daemon.client, task!.id, "is canceled", ({ state }) => state === "CANCELED");
  }
});

test("a provider that cannot honour a field is passed over; with nobody else the field is a 400", async () => {
  second.use(() => ({ text: "biased" }));
  const { data, response } = await openai.chat.completions
    .create(ask("google/gemini-3.8-flash", { logit_bias: { "1": 5 } }))
    .withResponse();
  expect(data.choices[0]?.message.content).toBe("biased");
  expect(response.headers.get("x-goclaw-provider")).toBe("second");
  expect(odd.requests).toEqual([]);
  const events = await readEvents(daemon.client, response.headers.get("x-goclaw-task")!);
  // Nothing failed, so there is no seam.
  expect(events.map(({ type }) => type)).not.toContain("model.seam");
});

test("a client's own 400s do not make a provider look ill", async () => {
  rig.stub.use(() => ({ fault: "400" }));
  for (let n = 0; n < 4; n++)
    expect(await thrownBy(openai.chat.completions.create(ask("stub/m")))).toBeInstanceOf(BadRequestError);
  expect(second.calls).toEqual([]);
  rig.stub.use(() => ({ text: "well" }));
  const { choices } = await openai.chat.completions.create(ask("stub/m"));
  expect(choices[0]?.message.content).toBe("well");
});

test("an idempotency key finds the same answer again, also after its client went away", async () => {
  rig.stub.use(() => ({ text: "once", gate: "key" }));
  const control = new AbortController();
  const options = { headers: { "Idempotency-Key": "again-1" } };
  const first = thrownBy(
    openai.chat.completions.create(ask("stub/m"), { ...options, signal: control.signal }),
  );
  await rig.stub.reached("key");
  control.abort();
  await first;
  rig.stub.open("key");
  const { data, response } = await openai.chat.completions.create(ask("stub/m"), options).withResponse();
  expect(data.choices[0]?.message.content).toBe("once");
  expect(rig.stub.calls).toHaveLength(1);
  expect((await readTask(daemon.client, response.headers.get("x-goclaw-task")!)).state).toBe("SUCCEEDED");
});
