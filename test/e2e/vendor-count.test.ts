// Where a vendor counts tokens for nothing it is asked, once the estimate is near what matters: the estimate takes dense
// texts for shorter than they are, and prose for longer.

import { afterEach, beforeEach, expect, test } from "vitest";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, readEvents, submit } from "../support/tasks.ts";
import { anthropic } from "../support/vendors/anthropic.ts";
import type { Dialect } from "../support/vendors/dialect.ts";
import { google } from "../support/vendors/google.ts";
import { type SeenRequest, startVendor, type VendorServer } from "../support/vendors/server.ts";

const WINDOW = 4_000;
const SESSION = "01890000-0000-7000-8000-000000000002";

let rig: Rig;
let vendor: VendorServer;
/** What was asked to be counted, and what it has by the vendor's count: bytes of what was said, by `bytesPerToken`. */
let counts: SeenRequest[];
let bytesPerToken: number | undefined;
beforeEach(async () => {
  counts = [];
  vendor = await startVendor((request) => {
    if (!/count_?tokens/i.test(request.path)) return undefined;
    counts.push(request);
    if (bytesPerToken === undefined) return { error: { type: "api_error", message: "no" } };
    const tokens = Math.ceil(JSON.stringify(request.body).length / bytesPerToken);
    return { input_tokens: tokens, totalTokens: tokens };
  });
});
afterEach(async () => {
  await rig.close();
  await vendor.close();
});

const VENDORS: readonly [string, Dialect, string][] = [
  ["anthropic", anthropic, "claude-sonnet-5-5"],
  ["google", google, "gemini-3.8-flash"],
];

/** Says `prompt` and returns how the request that answered it was counted. */
async function say([type, dialect, model]: (typeof VENDORS)[number], prompts: readonly string[]) {
  vendor.use(async (out, { body }) => {
    const isSummary = JSON.stringify(body).includes("Summary so far");
    out.head(dialect.contentType);
    await out.write(dialect.events({ text: [isSummary ? "They said much." : "ok"] }).join(""));
    out.end();
  });
  const base = { api_key: "k-1234567", base_url: vendor.origin, models: [model] };
  rig = await createRig({
    config: {
      llm: { provider: type, model },
      providers: { [type]: base },
      agents: [{ agent_id: "a", tools: [], soul: "soul of the agent", context_limit: WINDOW }],
    },
  });
  const { client } = await rig.start();
  const events = [];
  for (const prompt of prompts) {
    const id = await submit(client, prompt, { agent: "a", session_id: SESSION });
    expect(await ended(client, id)).toMatchObject({ state: "SUCCEEDED" });
    events.push(...(await readEvents(client, id)));
  }
  const shown = events.findLast(({ type: name }) => name === "model.end")?.payload.shown;
  return { shown, compacted: events.some(({ type: name }) => name === "context.compacted") };
}

// About 1,900 tokens of the 3,000 by the estimate, with the prompt that follows.
const DENSE = ["0f".repeat(1_300), "0f".repeat(1_300), "go on"];
const PROSE = ["blah ".repeat(760), "blah ".repeat(760), "go on"];

test.each(VENDORS)("%s counts more than the estimate: it is summarised in time", async (...name) => {
  bytesPerToken = 1.8;
  expect((await say(name, DENSE)).compacted).toBe(true);
  const [asked] = counts;
  expect(asked?.path).toMatch(/^\/v1\/(messages\/count_tokens|models\/gemini-3\.8-flash:countTokens)$/);
  expect(asked?.body).not.toHaveProperty("max_tokens");
  const words = JSON.stringify(asked?.body);
  for (const said of [DENSE[0]!, "soul of the agent"]) expect(words).toContain(said);
});

test.each(VENDORS)("%s counts less than the estimate: nothing is summarised too early", async (...name) => {
  bytesPerToken = 5;
  const { shown, compacted } = await say(name, PROSE);
  expect(compacted).toBe(false);
  expect(shown).toMatchObject({ counted_by: "vendor" });
});

test.each(VENDORS)("%s cannot count now: the estimate decides, and the task goes on", async (...name) => {
  bytesPerToken = undefined;
  const { shown, compacted } = await say(name, PROSE);
  expect(compacted).toBe(true);
  expect(shown).toMatchObject({ counted_by: "estimate" });
});

test("what surely fits is not sent to be counted", async () => {
  bytesPerToken = 3;
  await say(VENDORS[0]!, ["hello", "again"]);
  expect(counts).toEqual([]);
});
