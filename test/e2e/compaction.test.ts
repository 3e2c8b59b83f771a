// A conversation that outgrows the model's window: its older messages become a summary that the model wrote, its first
// facts stay, no request passes the window, and no summary is bought twice.

import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, expect, test } from "vitest";
import type { Message } from "../../src/domain/message.ts";
import { countMessages, ESTIMATE } from "../../src/providers/tokens.ts";
import { runCli } from "../support/cli.ts";
import type { ChatBody, Reply } from "../support/directive.ts";
import type { Client } from "../support/http.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { FACT, FILLER, isCompaction, LONG, SESSION, say, script } from "../support/summaries.ts";
import { ended, readEvents, submit, taskWhere } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";

/** The descriptions of all of them would take a part of the small window. */
const FEW_TOOLS = { allow: ["acp.read", "acp.mutate", "tools.now", "tools.write_note", "tools.send_alert"] };

let rig: Rig;
afterEach(() => rig.close());

const WINDOW = 32_768;
const CONFIG = { models: [{ id: "stub/m", context_window: WINDOW, max_output_tokens: 4_096 }] };

/** The tokens of a request by the counter that the daemon uses for this model; tool schemas not included. */
function tokensOf(body: ChatBody): number {
  const messages = body.messages.map(
    ({ content }): Message => ({
      role: "user",
      text: typeof content === "string" ? content : JSON.stringify(content ?? ""),
    }),
  );
  return countMessages(ESTIMATE, messages);
}

function countMessagesOf(sessionId: string): number {
  const db = new Database(join(rig.home, "goclaw.db"), { readonly: true });
  try {
    const sql = "SELECT count(*) FROM messages WHERE session_id = ?";
    return db.prepare(sql).pluck().get(sessionId) as number;
  } finally {
    db.close();
  }
}

const summariesIn = (): number =>
  rig.stub.calls.filter((call) => isCompaction(call.body) && call.end === "answered").length;

test(verifies(
  "BRN-004",
  "200 turns on a 32 k window keep the first fact and never pass the window",
), async () => {
  rig = await createRig({ ...FEW_TOOLS, config: CONFIG });
  rig.stub.use(script);
  const { client } = await rig.start();
  await say(client, `Remember: ${FACT}. ${FILLER}`, LONG);
  for (let turn = 2; turn < 200; turn++) await say(client, `turn number ${turn}. ${FILLER}`, LONG);
  const last = await say(client, "what is my cat called?", LONG);
  const requests = rig.stub.calls.map(({ body }) => body);
  expect(Math.max(...requests.map(tokensOf))).toBeLessThanOrEqual(WINDOW - 4_096);
  expect(summariesIn()).toBeGreaterThan(2);
  expect(summariesIn()).toBeLessThan(20);
  // Every request of the conversation has the first fact: in its own words, then in the summary.
  for (const body of requests) expect(JSON.stringify(body.messages)).toContain(FACT);
  const final = requests.at(-1)!;
  expect(JSON.stringify(final.messages[1])).toMatch(new RegExp(`Summary of the earlier.*${FACT}`));
  expect(final.messages.length).toBeLessThan(60);
  // The newest turn stands as it was said.
  expect(final.messages.at(-3)?.content).toBe(`turn number 199. ${FILLER}`);
  expect(final.messages.at(-2)?.content).toBe(`noted. ${FILLER}`);
  // The originals stay, and the call says what it was shown.
  expect(countMessagesOf(LONG)).toBe(400);
  const end = (await readEvents(client, last)).find((event) => event.type === "model.end");
  expect(end?.payload.shown).toMatchObject({ counted_by: "estimate", window: WINDOW, changed: null });
}, 60_000);

/** A session whose next task must summarise. */
async function fill(client: Client, sessionId: string): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await say(client, `turn ${turn} ${FILLER.repeat(5)}`, sessionId);
}

const SMALL = { agents: [{ agent_id: "default", context_limit: 8_192 }] };

test(
  verifies("BRN-004", "a kill after a summary buys it once, a kill inside one asks for it again"),
  async () => {
    rig = await createRig({ ...FEW_TOOLS, config: SMALL });
    let gate: Reply = {};
    rig.stub.use((body) => (isCompaction(body) ? { ...script(body), ...gate } : { text: "ok" }));
    const first = await rig.start();
    await fill(first.client, SESSION);
    const before = rig.stub.calls.length;
    gate = { gate: "inside" };
    const id = await submit(first.client, `and now? ${FILLER.repeat(8)}`, { session_id: SESSION });
    await rig.stub.reached("inside");
    await first.kill();
    rig.stub.open("inside");
    rig.stub.use((body) => (isCompaction(body) ? script(body) : { text: "ok", gate: "after" }));
    const second = await rig.start();
    await rig.stub.reached("after");
    await second.kill();
    rig.stub.open("after");
    const bought = summariesIn();
    expect(bought).toBeGreaterThan(0);
    const third = await rig.start();
    expect(await ended(third.client, id)).toMatchObject({ state: "SUCCEEDED", attempt: 3 });
    expect(summariesIn()).toBe(bought);
    const made = (await readEvents(third.client, id)).filter(({ type }) => type === "context.compacted");
    expect(made).toHaveLength(bought);
    expect(made[0]?.payload).toMatchObject({ provider: "stub", from_anchor: 1 });
    expect(rig.stub.calls.length).toBeGreaterThan(before);
  },
);

test("a model of OpenAI's is counted with its own encoding, and the event says what changed", async () => {
  rig = await createRig({
    ...FEW_TOOLS,
    config: { agents: [{ agent_id: "default", model: "gpt-4o", context_limit: 8_192 }] },
  });
  rig.stub.use(() => ({ text: "ok" }));
  const { client } = await rig.start();
  const shown = [];
  for (const words of [12, 1]) {
    const id = await say(client, FILLER.repeat(words), SESSION);
    shown.push((await readEvents(client, id)).find(({ type }) => type === "model.end")?.payload.shown);
  }
  expect(shown).toMatchObject([
    { counted_by: "o200k_base", window: 8_192, changed: "first" },
    { counted_by: "o200k_base", changed: null },
  ]);
});

test("a compaction that fails is retried and says so; nothing is sent without the older messages", async () => {
  rig = await createRig({ ...FEW_TOOLS, config: SMALL });
  let broken = false;
  rig.stub.use((body) => {
    if (!isCompaction(body)) return { text: "ok" };
    return broken ? { text: "" } : script(body);
  });
  const { client } = await rig.start();
  await fill(client, SESSION);
  broken = true;
  const before = rig.stub.calls.length;
  const id = await submit(client, `and now? ${FILLER.repeat(8)}`, { session_id: SESSION, max_attempts: 2 });
  const task = await taskWhere(client, id, "is set aside", ({ state }) => state === "DEAD_LETTER");
  expect(task.error?.message).toMatch(
    /summarising its older messages failed: stub\/m answered with an empty/,
  );
  const since = rig.stub.calls.slice(before).map(({ body }) => body);
  expect(since.length).toBeGreaterThan(1);
  expect(since.every(isCompaction)).toBe(true);
});

test("a summary that cannot be used was bought all the same: it is priced, and its reservation is gone", async () => {
  const model = { ...CONFIG.models[0], input_usd_per_mtok: 0, output_usd_per_mtok: 1_000 };
  rig = await createRig({
    ...FEW_TOOLS,
    config: { ...SMALL, models: [model], budgets: { per_day_usd: 1_000 } },
  });
  rig.stub.use((body) => (isCompaction(body) ? { text: "" } : { text: "ok" }));
  const { client } = await rig.start();
  await fill(client, SESSION);
  const id = await submit(client, `and now? ${FILLER.repeat(8)}`, { session_id: SESSION, max_attempts: 1 });
  const task = await taskWhere(client, id, "is set aside", ({ state }) => state === "DEAD_LETTER");
  expect(task.usage).toMatchObject({ output_tokens: 1, cost_usd: 0.001 });
  const events = await readEvents(client, id);
  expect(events.filter(({ type }) => type === "model.billed")).toHaveLength(1);
  expect((await runCli(rig.home, ["cost", "--json"])).json()).toMatchObject({
    total: { calls: 3, cost_usd: 0.003 },
  });
});
