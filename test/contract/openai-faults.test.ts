// Everything a server that speaks chat completions can do wrong, and the class of error it must become: the class
// decides whether the queue tries again.

import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { outcomeOf } from "../../src/brain/outcome.ts";
import type { ErrorClass } from "../../src/providers/provider.ts";
import { verifies } from "../support/verifies.ts";
import { within } from "../support/wait.ts";
import {
  chunk,
  DONE,
  errorReply,
  type ModelServer,
  type Play,
  plainReply,
  startModelServer,
  stream,
} from "./model-server.ts";
import { errorOf, openAt, partsOf, REQUEST, shapeFaults, textOf } from "./provider-rigs.ts";

let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer();
});
afterAll(() => server.close());

const began = chunk({ role: "assistant", content: "half an " });

const resetInTheMiddle: Play = (response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(began, () => response.socket?.resetAndDestroy());
};

const closeInTheMiddle: Play = (response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(began, () => response.socket?.destroy());
};

const FAULTS: readonly (readonly [name: string, play: Play, errorClass: ErrorClass, retried: boolean])[] = [
  ["400", errorReply(400, "invalid_request_error"), "bad_request", false],
  ["401", errorReply(401, "invalid_api_key"), "auth", false],
  ["402", errorReply(402, "payment_required"), "quota", false],
  ["403", errorReply(403, "forbidden"), "auth", false],
  ["404", errorReply(404, "model_not_found"), "unsupported", false],
  ["408", errorReply(408, "request_timeout"), "timeout", true],
  ["429", errorReply(429, "rate_limit_exceeded"), "rate_limit", true],
  ["429 insufficient_quota", errorReply(429, "insufficient_quota"), "quota", false],
  ["500", errorReply(500, "server_error"), "overloaded", true],
  ["502 HTML", plainReply(502, "text/html", "<h1>Bad Gateway</h1>"), "overloaded", true],
  ["503", errorReply(503, "unavailable"), "overloaded", true],
  ["529", errorReply(529, "overloaded_error"), "overloaded", true],
  ["context_length_exceeded", errorReply(400, "context_length_exceeded"), "context_length", false],
  ["content_filter", errorReply(400, "content_filter"), "refused", false],
  ["200 HTML", plainReply(200, "text/html", "<h1>hello</h1>"), "malformed", true],
  ["200 truncated JSON", plainReply(200, "application/json", '{"choices":[{"mess'), "malformed", true],
  ["200 JSON without choices", plainReply(200, "application/json", "{}"), "malformed", true],
  ["200 JSON null", plainReply(200, "application/json", "null"), "malformed", true],
  ["a stream without a finish reason", stream(began, DONE), "malformed", true],
  ["an empty stream", stream(), "malformed", true],
  ["a chunk that is not JSON", stream(began, "data: {oops\n\n", DONE), "malformed", true],
  ["a chunk that is null", stream(began, "data: null\n\n", DONE), "malformed", true],
  [
    "an error in the stream",
    stream(began, 'data: {"error":{"message":"fell over"}}\n\n'),
    "overloaded",
    true,
  ],
  ["a filtered answer", stream(began, chunk({}, "content_filter"), DONE), "refused", false],
  ["an unknown finish reason", stream(began, chunk({}, "vibes"), DONE), "malformed", true],
  ["a reset in the middle", resetInTheMiddle, "network", true],
  ["a close in the middle", closeInTheMiddle, "network", true],
];

test.each(FAULTS)(verifies("BRN-001", "%s is classified"), async (_name, play, errorClass, retried) => {
  server.play(play);
  const parts = await within("the end of the stream", partsOf(openAt(server)));
  expect(shapeFaults(parts)).toEqual([]);
  const error = errorOf(parts);
  expect(error).toMatchObject({ errorClass });
  expect(error?.message).toContain("lab");
  expect(error?.message).not.toContain("key-of-the-lab");
  expect(server.asked).toHaveLength(1);
  expect(outcomeOf({ type: "error", ...error! }, { nowMs: 0, onLimit: "suspend" }).type).toBe(
    retried ? "retry" : "failed",
  );
});

describe("waiting", () => {
  test.each([
    ["2", 2_000],
    ["0.5", 500],
    ["99999999", 3_600_000],
    ["-3", 0],
    ["soon", 0],
  ])(verifies("QUE-003", "Retry-After: %s is a wait of %i ms"), async (header, afterMs) => {
    server.play(errorReply(429, "rate_limit_exceeded", { "retry-after": header }));
    expect(errorOf(await partsOf(openAt(server)))?.afterMs).toBe(afterMs);
  });

  test(verifies("QUE-003", "Retry-After as a date is counted from the server's own date"), async () => {
    const date = "Wed, 21 Oct 2026 07:28:00 GMT";
    const later = "Wed, 21 Oct 2026 07:28:30 GMT";
    server.play(errorReply(429, "rate_limit_exceeded", { date, "retry-after": later }));
    expect(errorOf(await partsOf(openAt(server)))?.afterMs).toBe(30_000);
  });

  test("a server that never answers is a timeout", async () => {
    server.play(() => {});
    const parts = await within("a timeout", partsOf(openAt(server, 150)));
    expect(shapeFaults(parts)).toEqual([]);
    expect(errorOf(parts)?.errorClass).toBe("timeout");
  });

  test("a server that stops in the middle is a timeout", async () => {
    server.play((response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(began);
    });
    const parts = await within("a timeout", partsOf(openAt(server, 250)));
    expect(shapeFaults(parts)).toEqual([]);
    expect(errorOf(parts)?.errorClass).toBe("timeout");
    expect(textOf(parts)).toBe("half an ");
  });

  test("an abort ends a call that hangs", async () => {
    server.play(() => {});
    const control = new AbortController();
    const ended = partsOf(openAt(server), REQUEST, control.signal);
    await server.arrived();
    control.abort("canceled");
    expect(errorOf(await within("the end", ended))?.errorClass).toBe("aborted");
  });

  test("a port where nobody listens is a network error", async () => {
    const probe = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => probe.once("listening", resolve));
    const { port } = probe.address() as { port: number };
    await new Promise((resolve) => probe.close(resolve));
    const parts = await partsOf(openAt({ baseUrl: `http://127.0.0.1:${port}/v1` }));
    expect(shapeFaults(parts)).toEqual([]);
    expect(errorOf(parts)?.errorClass).toBe("network");
  });
});

describe("what is sent", () => {
  test("model, conversation, tools and sampling in the vendor's words, with the key in the header alone", async () => {
    server.play(stream(chunk({ content: "ok" }), chunk({}, "stop"), DONE));
    const call = { id: "c1", name: "now", argumentsText: "{}" };
    await partsOf(openAt(server), {
      model: "some-model",
      messages: [
        { role: "system", text: "be brief" },
        { role: "user", text: "time?" },
        { role: "assistant", text: "", toolCalls: [call] },
        { role: "tool", callId: "c1", name: "now", text: "noon" },
      ],
      tools: [{ name: "now", description: "the time", params: { type: "object", properties: {} } }],
      sampling: { temperature: 0.5, maxTokens: 10, stop: ["END"], seed: 7, topP: 0.9 },
    });
    const { path, headers, body } = server.asked[0]!;
    expect(path).toBe("/v1/chat/completions");
    expect(headers.authorization).toBe("Bearer key-of-the-lab");
    expect(JSON.stringify(body)).not.toContain("key-of-the-lab");
    expect(body).toMatchObject({
      model: "some-model",
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.5,
      max_completion_tokens: 10,
      stop: ["END"],
      seed: 7,
      top_p: 0.9,
    });
    expect(body.messages).toMatchObject([
      { role: "system", content: "be brief" },
      { role: "user", content: "time?" },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c1", type: "function", function: { name: "now" } }],
      },
      { role: "tool", tool_call_id: "c1", content: "noon" },
    ]);
    expect(body.tools).toMatchObject([
      { type: "function", function: { name: "now", description: "the time" } },
    ]);
  });

  test("what was not asked for is not sent", async () => {
    server.play(stream(chunk({ content: "ok" }), chunk({}, "stop"), DONE));
    await partsOf(openAt(server));
    const { body } = server.asked[0]!;
    expect(Object.keys(body).sort()).toEqual(["messages", "model", "stream", "stream_options"]);
  });

  test("a server that ignores stream: true is read all the same", async () => {
    const message = { role: "assistant", content: "whole", tool_calls: [] };
    const whole = {
      model: "w",
      choices: [{ index: 0, message, finish_reason: "length" }],
      usage: { prompt_tokens: 1 },
    };
    server.play(plainReply(200, "application/json", JSON.stringify(whole)));
    const parts = await partsOf(openAt(server));
    expect(textOf(parts)).toBe("whole");
    expect(parts.at(-1)).toEqual({ type: "end", stopReason: "length", model: "w" });
  });

  test.each([
    ["stop", "stop"],
    ["length", "length"],
  ])("the finish reason %s is %s", async (said, stopReason) => {
    server.play(stream(chunk({ content: "x" }), chunk({}, said), DONE));
    expect((await partsOf(openAt(server))).at(-1)).toMatchObject({
      type: "end",
      stopReason,
      model: "served-model",
    });
  });
});
