// What a chat completion request may ask of an agent. A field that cannot be honoured is refused by its name.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GoclawError } from "../../../src/domain/error.ts";
import { agentOf } from "../../../src/gateway/models.ts";
import { readChatRequest } from "../../../src/gateway/openai-request.ts";

const body = (more: object = {}): object => ({
  model: "goclaw",
  messages: [{ role: "user", content: "hello" }],
  ...more,
});

function refused(value: unknown): { param: string; message: string } {
  try {
    readChatRequest(value);
  } catch (error) {
    expect(error).toBeInstanceOf(GoclawError);
    expect((error as GoclawError).code).toBe("BAD_REQUEST");
    return { param: (error as { param?: string }).param ?? "(none)", message: (error as Error).message };
  }
  throw new Error("nothing was refused");
}

const user = { role: "user", content: "x" };

describe("refusals name their field", () => {
  test.each([
    [body({ tools: [] }), "tools"],
    [body({ tool_choice: "auto" }), "tool_choice"],
    [body({ functions: [] }), "functions"],
    [body({ logprobs: true }), "logprobs"],
    [body({ logit_bias: {} }), "logit_bias"],
    [body({ reasoning_effort: "high" }), "reasoning_effort"],
    [body({ n: 2 }), "n"],
    [body({ response_format: { type: "xml" } }), "response_format.type"],
    [body({ response_format: { type: "text", strict: true } }), "response_format.strict"],
    [body({ temperature: 2.1 }), "temperature"],
    [body({ temperature: "hot" }), "temperature"],
    [body({ top_p: -1 }), "top_p"],
    [body({ max_tokens: 0 }), "max_tokens"],
    [body({ max_completion_tokens: 1.5 }), "max_completion_tokens"],
    [body({ stop: [1] }), "stop"],
    [body({ presence_penalty: 3 }), "presence_penalty"],
    [body({ frequency_penalty: -3 }), "frequency_penalty"],
    [body({ stream: "yes" }), "stream"],
    [body({ stream_options: { include_usage: 1 } }), "stream_options.include_usage"],
    [body({ stream_options: { more: true } }), "stream_options.more"],
    [body({ model: "" }), "model"],
    [body({ model: 5 }), "model"],
    [body({ messages: [] }), "messages"],
    [body({ messages: "hello" }), "messages"],
    [body({ messages: [{ role: "robot", content: "x" }, user] }), "messages.0.role"],
    [body({ messages: [{ role: "tool", content: "x" }, user] }), "messages.0.role"],
    [body({ messages: [{ ...user, tool_calls: [] }] }), "messages.0.tool_calls"],
    [
      body({ messages: [{ role: "user", content: [{ type: "image_url", image_url: {} }] }] }),
      "messages.0.content",
    ],
    [body({ messages: [{ role: "user", content: null }] }), "messages.0.content"],
    [body({ messages: [user, { role: "assistant", content: "y" }] }), "messages"],
    [body({ messages: [{ role: "system", content: "only this" }] }), "messages"],
    [{ messages: [user] }, ""],
    [null, ""],
    [[], ""],
    ["text", ""],
  ])("%j: %s", (value, param) => {
    const { param: named, message } = refused(value);
    expect(param === "" ? named : named.slice(0, param.length)).toBe(param === "" ? named : param);
    if (param !== "") expect(message).toContain(param.split(".").at(-1));
  });
});

describe("what is taken", () => {
  test("the last user message is the prompt, what comes before it is history", () => {
    const messages = [
      { role: "developer", content: "be brief" },
      {
        role: "user",
        content: [
          { type: "text", text: "one " },
          { type: "text", text: "two" },
        ],
      },
      { role: "assistant", content: "three" },
      { role: "user", content: "four", name: "eve" },
    ];
    const { submit, stream, includeUsage } = readChatRequest(body({ messages }));
    expect(submit).toMatchObject({
      agent: "default",
      prompt: "four",
      history: [
        { role: "system", text: "be brief" },
        { role: "user", text: "one two" },
        { role: "assistant", text: "three" },
      ],
    });
    expect([stream, includeUsage]).toEqual([false, false]);
    expect("history" in readChatRequest(body()).submit).toBe(false);
  });

  test("sampling goes through, null is absent, and the newer name of a limit wins", () => {
    const asked = {
      ...{ temperature: 0, top_p: 1, max_tokens: 5, max_completion_tokens: 7, stop: "END", seed: 0 },
      ...{
        presence_penalty: -2,
        frequency_penalty: null,
        stream: true,
        stream_options: { include_usage: true },
      },
    };
    const { submit, stream, includeUsage } = readChatRequest(body(asked));
    expect(submit.sampling).toEqual({
      ...{ temperature: 0, topP: 1, maxTokens: 7, stop: ["END"], seed: 0, presencePenalty: -2 },
    });
    expect([stream, includeUsage]).toEqual([true, true]);
    const nothing = {
      temperature: null,
      top_p: null,
      max_tokens: null,
      stop: null,
      seed: null,
      stream: null,
    };
    expect(readChatRequest(body(nothing)).submit.sampling).toEqual({});
  });

  test.each([
    ["goclaw", "default"],
    ["goclaw-v1", "default"],
    ["agent:coder", "coder"],
    ["agent:", ""],
    ["gpt-5", ""],
    ["GoClaw", ""],
  ])("the model %s is the agent %j", (model, agent) => {
    expect(agentOf(model)).toBe(agent);
  });

  test("any JSON is a request or a refusal with a field, never an accident", () => {
    const nearly = fc.record(
      {
        model: fc.anything(),
        messages: fc.anything(),
        stream: fc.anything(),
        stop: fc.anything(),
        extra: fc.anything(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), nearly), (value) => {
        try {
          readChatRequest(value);
        } catch (error) {
          expect(error).toBeInstanceOf(GoclawError);
        }
      }),
    );
  });
});
