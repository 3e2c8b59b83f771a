// A client's own tools, schemas and fields, through the real daemon to a model and back, spoken to by the official
// client: what it asks for is on the wire, and what the model calls comes back whole, streamed or not.

import type OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { Daemon } from "../support/daemon.ts";
import { openAiOf } from "../support/official.ts";
import { createRig, type Rig } from "../support/rig.ts";

let rig: Rig;
let daemon: Daemon;
let openai: OpenAI;

beforeAll(async () => {
  rig = await createRig();
  daemon = await rig.start();
  openai = openAiOf(daemon.client);
});
afterAll(() => rig.close());

const weather = {
  type: "function" as const,
  function: {
    name: "weather",
    description: "tells the weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

const question = { role: "user" as const, content: "the weather in Oslo and Rome" };
const asked = { model: "stub/m", messages: [question], tools: [weather] };
const TWO_CALLS = ["Oslo", "Rome"].map((city) => ({ name: "weather", args: { city } }));

test("the client's own tools reach the model, and parallel calls come back, whole and streamed", async () => {
  rig.stub.use(() => ({ text: "let me look", toolCalls: TWO_CALLS }));
  const { data, response } = await openai.chat.completions.create(asked).withResponse();
  const streamed = await openai.chat.completions
    .stream({ ...asked, stream_options: { include_usage: true } })
    .finalChatCompletion();
  for (const { choices, usage } of [data, streamed]) {
    const [choice] = choices;
    expect(choice?.finish_reason).toBe("tool_calls");
    expect(choice?.message.content).toBe("let me look");
    expect(choice?.message.tool_calls).toMatchObject([
      { id: "call_0", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
      { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Rome"}' } },
    ]);
    expect(usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 13, total_tokens: 23 });
  }
  expect(response.headers.get("x-goclaw-provider")).toBe("stub");
  expect(response.headers.get("x-goclaw-model")).toBe("m");
  expect(response.headers.get("x-goclaw-task")).toMatch(/^[0-9a-f-]{36}$/);
  const { body } = rig.stub.calls.at(-1)!;
  expect(body.tools).toEqual([weather]);
  expect(body.messages).toEqual([question]);
});

test("runTools goes round its loop: the client performs its calls and the model gets their results", async () => {
  rig.stub.use((_body, { turn }) => (turn === 0 ? { toolCalls: TWO_CALLS } : { text: "rain and sun" }));
  for (const stream of [false, true] as const) {
    const cities: string[] = [];
    const tool = {
      ...weather,
      function: {
        ...weather.function,
        parse: JSON.parse,
        function: ({ city }: { city: string }) => {
          cities.push(city);
          return `in ${city} it is wet`;
        },
      },
    };
    const wanted = { model: "stub/m", messages: [question], tools: [tool] };
    const runner = stream
      ? openai.chat.completions.runTools({ ...wanted, stream })
      : openai.chat.completions.runTools(wanted);
    expect(await runner.finalContent()).toBe("rain and sun");
    expect(cities).toEqual(["Oslo", "Rome"]);
    expect(rig.stub.calls.at(-1)!.body.messages.slice(1)).toMatchObject([
      { role: "assistant", content: null, tool_calls: [{ id: "call_0" }, { id: "call_1" }] },
      { role: "tool", tool_call_id: "call_0", content: "in Oslo it is wet" },
      { role: "tool", tool_call_id: "call_1", content: "in Rome it is wet" },
    ]);
  }
});

test("parse gets what its schema says, and the schema was on the wire", async () => {
  rig.stub.use(() => ({ text: '{"city":"Oslo","degrees":4}' }));
  const schema = z.object({ city: z.string(), degrees: z.number() });
  const format = zodResponseFormat(schema, "report");
  const { choices } = await openai.chat.completions.parse({
    ...{ model: "stub/m", messages: [question], response_format: format },
  });
  expect(choices[0]?.message.parsed).toEqual({ city: "Oslo", degrees: 4 });
  expect(rig.stub.calls.at(-1)!.body).toMatchObject({ response_format: format });
});
