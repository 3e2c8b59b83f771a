// OpenAI's Responses as the model of a real daemon: a task that calls a tool carries the encrypted reasoning of its first
// answer into its second request, also when the daemon was killed in between.

import { afterEach, expect, test } from "vitest";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, readEvents, submit } from "../support/tasks.ts";
import { USAGE } from "../support/vendors/dialect.ts";
import { responses } from "../support/vendors/responses.ts";
import { type SeenRequest, startVendor, type VendorServer } from "../support/vendors/server.ts";
import { createSignal } from "../support/wait.ts";

let rig: Rig;
let vendor: VendorServer;
afterEach(async () => {
  await rig.close();
  await vendor.close();
});

const hasResult = ({ body }: SeenRequest): boolean => JSON.stringify(body).includes("function_call_output");

async function begin(): Promise<void> {
  vendor = await startVendor();
  rig = await createRig({
    config: {
      llm: { provider: "openai", model: "gpt-6-luna" },
      providers: { openai: { api_key: "sk-test-key", base_url: `${vendor.origin}/v1`, api: "responses" } },
    },
  });
}

const reply = (request: SeenRequest): string =>
  responses
    .events(
      hasResult(request)
        ? { text: ["It is ", "noon."], usage: USAGE }
        : { reasoning: ["A clock."], calls: [{ name: "now", args: "{}" }], stop: "tool_calls", usage: USAGE },
    )
    .join("");

const expectWhole = ({ path, body }: SeenRequest): void => {
  expect(path).toBe("/v1/responses");
  expect(body).toMatchObject({ model: "gpt-6-luna", store: false });
  const types = (body.input as { type?: string; role?: string }[]).map(({ type, role }) => type ?? role);
  expect(types.slice(-4)).toEqual(["user", "reasoning", "function_call", "function_call_output"]);
  expect(JSON.stringify(body.input)).toContain('"encrypted_content":"c2lnbmVk"');
};

test("a tool call goes round with the reasoning that led to it, and all its tokens are counted", async () => {
  await begin();
  vendor.use(async (out, request) => {
    out.head(responses.contentType);
    await out.write(reply(request));
    out.end();
  });
  const { client } = await rig.start();
  const id = await submit(client, "what time is it?");
  expect(await ended(client, id)).toMatchObject({
    state: "SUCCEEDED",
    result: { text: "It is noon." },
    usage: { input_tokens: 2 * USAGE.input, output_tokens: 2 * USAGE.output },
  });
  expect(vendor.requests).toHaveLength(2);
  expectWhole(vendor.requests[1]!);
  const ends = (await readEvents(client, id)).filter(({ type }) => type === "model.end");
  expect(ends).toHaveLength(2);
});

test("the reasoning outlives a kill -9 between the turns, and no answer is bought twice", async () => {
  await begin();
  const second = createSignal<void>();
  let killed = false;
  vendor.use(async (out, request) => {
    if (hasResult(request) && !killed) {
      second.give();
      return;
    }
    out.head(responses.contentType);
    await out.write(reply(request));
    out.end();
  });
  const first = await rig.start();
  const id = await submit(first.client, "what time is it?");
  await second.promise;
  await first.kill();
  killed = true;
  const { client } = await rig.start();
  expect(await ended(client, id)).toMatchObject({ state: "SUCCEEDED", result: { text: "It is noon." } });
  expect(vendor.requests.filter((request) => !hasResult(request))).toHaveLength(1);
  expectWhole(vendor.requests.at(-1)!);
});
