// Ollama cuts off what does not fit into the window it was told to load a model with, and says nothing: a conversation
// is summarised before that.

import { afterEach, beforeEach, expect, test } from "vitest";
import type { Message } from "../../src/domain/message.ts";
import { countMessages, ESTIMATE } from "../../src/providers/tokens.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, readEvents, submit } from "../support/tasks.ts";
import { ollama } from "../support/vendors/ollama.ts";
import { startVendor, type VendorServer } from "../support/vendors/server.ts";

const NUM_CTX = 4_096;
const FACT = "the cat is called Fermat";
const FILLER = "blah ".repeat(300);

let rig: Rig;
let vendor: VendorServer;
beforeEach(async () => {
  vendor = await startVendor(ollama.aside);
});
afterEach(async () => {
  await rig.close();
  await vendor.close();
});

const messagesOf = (body: object): { role: string; content: string }[] =>
  (body as { messages: { role: string; content: string }[] }).messages;

const sizeOf = (body: object): number =>
  countMessages(
    ESTIMATE,
    messagesOf(body).map(({ content }): Message => ({ role: "user", text: content })),
  );

test("num_ctx is the window: what was said first is in the summary before Ollama would cut it off", async () => {
  vendor.use(async (out, { body }) => {
    const isSummary = JSON.stringify(body).includes("Summary so far");
    out.head(ollama.contentType);
    await out.write(ollama.events({ text: [isSummary ? `Noted: ${FACT}.` : "ok"] }).join(""));
    out.end();
  });
  rig = await createRig({
    config: {
      llm: { provider: "local", model: "qwen4:8b" },
      providers: { local: { type: "ollama", base_url: vendor.origin, num_ctx: NUM_CTX } },
      agents: [{ agent_id: "a", tools: [], soul: "s" }],
    },
  });
  const { client } = await rig.start();
  const say = async (prompt: string): Promise<string> => {
    const id = await submit(client, prompt, {
      agent: "a",
      session_id: "01890000-0000-7000-8000-000000000001",
    });
    expect(await ended(client, id)).toMatchObject({ state: "SUCCEEDED" });
    return id;
  };
  await say(`Remember: ${FACT}. ${FILLER}`);
  for (let turn = 2; turn < 12; turn++) await say(`turn ${turn}. ${FILLER}`);
  const last = await say("what is my cat called?");
  const chats = vendor.requests.filter(({ path }) => path === "/api/chat");
  for (const { body } of chats) {
    expect(body).toMatchObject({ options: { num_ctx: NUM_CTX } });
    expect(JSON.stringify(body)).toContain(FACT);
    expect(sizeOf(body)).toBeLessThan(NUM_CTX);
  }
  const end = (await readEvents(client, last)).find(({ type }) => type === "model.end");
  expect(end?.payload.shown).toMatchObject({ window: NUM_CTX });
  const models = (await client.get("/api/v1/model-catalog")).json();
  expect(JSON.stringify(models)).toContain(`"context_window":${NUM_CTX}`);
});
