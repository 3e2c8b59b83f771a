// Signed reasoning that its vendor binds to the words before it: when these were summarised in the middle of a task, the
// vendor refuses the reasoning, and the task goes on without it.

import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";
import { anthropic } from "../support/vendors/anthropic.ts";
import type { Said } from "../support/vendors/dialect.ts";
import { type SeenRequest, startVendor, type VendorServer } from "../support/vendors/server.ts";

let rig: Rig;
let vendor: VendorServer;
beforeEach(async () => {
  vendor = await startVendor();
});
afterEach(async () => {
  await rig.close();
  await vendor.close();
});

interface Turn {
  readonly role: string;
  readonly content: readonly { readonly type: string; readonly signature?: string }[];
}

/** Of the words alone: marks for the cache move from turn to turn. */
const signatureOf = (turns: readonly Turn[]): string =>
  createHash("sha256")
    .update(JSON.stringify(turns, (key, value) => (key === "cache_control" ? undefined : value)))
    .digest("hex");

function hasForgedThinking(turns: readonly Turn[]): boolean {
  return turns.some(({ content }, index) =>
    content.some((block) => {
      const signed = block.type === "thinking";
      return signed && block.signature !== signatureOf(turns.slice(0, index));
    }),
  );
}

/** Answers as the script says, and signs its thinking; refuses thinking that it signed for other words. */
function bindReasoning(script: (request: SeenRequest, nth: number) => Said): { refused: number } {
  const count = { refused: 0 };
  let nth = 0;
  vendor.use(async (out, request) => {
    const turns = request.body.messages as Turn[];
    if (hasForgedThinking(turns)) {
      count.refused++;
      const message = "messages.1.content.0: Invalid `signature` in `thinking` block";
      out.head("application/json", 400);
      await out.write(JSON.stringify({ type: "error", error: { type: "invalid_request_error", message } }));
      return out.end();
    }
    const events = anthropic.events(script(request, nth++)).join("");
    out.head(anthropic.contentType);
    await out.write(events.replaceAll("c2lnbmVk", signatureOf(turns)));
    out.end();
  });
  return count;
}

async function start(more: object = {}) {
  rig = await createRig({
    config: {
      providers: { stub: { type: "anthropic", base_url: vendor.origin } },
      agents: [{ agent_id: "a", tools: ["now"], soul: "s", context_limit: 3_000 }],
      ...more,
    },
  });
  return (await rig.start()).client;
}

const CALLS = { reasoning: ["hm"], calls: [{ name: "now", args: "{}" }], stop: "tool_calls" } as const;

test("thinking goes back as it was signed while nothing before it changes", async () => {
  const count = bindReasoning((_, nth) => (nth === 0 ? CALLS : { text: ["done"] }));
  const client = await start();
  const task = await ended(client, await submit(client, "go", { agent: "a" }));
  expect([task.state, count.refused]).toEqual(["SUCCEEDED", 0]);
  expect(JSON.stringify(vendor.requests.at(-1)?.body)).toContain('"thinking":"hm"');
});

test("a compaction in the middle of a task makes its signed thinking worthless, and the task goes on without", async () => {
  const long = "blah ".repeat(500);
  const script = ({ body }: SeenRequest): Said => {
    const said = JSON.stringify(body);
    if (said.includes("Summary so far")) return { text: ["They said blah."] };
    if (said.includes("tool_result")) return { text: ["done"] };
    return said.includes("use the clock") ? { ...CALLS, text: [long] } : { text: ["ok"] };
  };
  const count = bindReasoning(script);
  const client = await start();
  const first = await ended(client, await submit(client, long, { agent: "a" }));
  const more = { agent: "a", session_id: first.session_id };
  const task = await ended(client, await submit(client, "use the clock", more));
  expect(task).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
  expect(count.refused).toBe(1);
  const last = JSON.stringify(vendor.requests.at(-1)?.body);
  expect(last).toContain("Summary of the earlier conversation");
  expect(last).not.toContain('"thinking"');
});
