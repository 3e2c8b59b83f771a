// Compaction on demand through the real daemon: /compact, and what can be seen of a session before and after it.

import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import type { Client } from "../support/http.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { FACT, isCompaction, LONG, SESSION, say, script } from "../support/summaries.ts";
import { ended, readEvents } from "../support/tasks.ts";

let rig: Rig;
afterEach(() => rig.close());

const summariesIn = (): number => rig.stub.calls.filter((call) => isCompaction(call.body)).length;

const MODEL = { id: "stub/m", context_window: 32_768, max_output_tokens: 4_096 };

const talk = async (client: Client, sessionId: string): Promise<void> => {
  await say(client, `Remember: ${FACT}.`, sessionId);
  await say(client, "and the weather?", sessionId);
};
const asTheModelSaw = (): string => JSON.stringify(rig.stub.calls.at(-1)?.body.messages);

test("/compact summarises what was said, on demand, and the conversation goes on from the summary", async () => {
  rig = await createRig();
  rig.stub.use(script);
  const { client } = await rig.start();
  await talk(client, SESSION);
  const made = await runCli(rig.home, ["session", "compact", SESSION]);
  expect(made).toMatchObject({ code: 0, stdout: `Facts: ${FACT}.\n` });
  expect(summariesIn()).toBe(1);
  const tasks = (await client.get("/api/v1/tasks?limit=1")).json<{ tasks: { id: string; kind: string }[] }>()
    .tasks;
  expect(tasks).toMatchObject([{ kind: "compact", state: "SUCCEEDED", prompt: "/compact" }]);
  const types = (await readEvents(client, tasks[0]!.id)).map(({ type }) => type);
  expect(types).toContain("context.compacted");
  // The next turn is shown the summary, and neither the command nor the old messages.
  await say(client, "what now?", SESSION);
  expect(asTheModelSaw()).toContain(
    `Summary of the earlier conversation, made to fit the window]\\nFacts: ${FACT}`,
  );
  for (const gone of ["/compact", "and the weather?"]) expect(asTheModelSaw()).not.toContain(gone);
  // Nothing new but one turn: the same words in the prompt do it again, from the summary on.
  const again = await runCli(rig.home, ["run", "/compact", "--session", SESSION]);
  expect([again.code, again.stdout]).toEqual([0, `Facts: ${FACT}.\n`]);
  expect(summariesIn()).toBe(2);
  const third = await runCli(rig.home, ["session", "compact", SESSION, "--json"]);
  expect(third.lines<{ task?: { result: object } }>().at(-1)?.task?.result).toEqual({
    text: `Facts: ${FACT}.`,
  });
  expect(summariesIn()).toBe(2);
});

test("/compact keeps to the budget and goes on after a kill", async () => {
  const model = { ...MODEL, input_usd_per_mtok: 0, output_usd_per_mtok: 1_000 };
  rig = await createRig({ config: { models: [model], budgets: { per_day_usd: 100, per_session_usd: 100 } } });
  rig.stub.use((body) => (isCompaction(body) ? { ...script(body), gate: "inside" } : { text: "ok" }));
  const first = await rig.start();
  await talk(first.client, SESSION);
  const reply = await first.client.post(`/api/v1/sessions/${SESSION}/compact`);
  expect(reply.status).toBe(202);
  const { task_id: id } = reply.json<{ task_id: string }>();
  await rig.stub.reached("inside");
  await first.kill();
  rig.stub.open("inside");
  const second = await rig.start();
  expect(await ended(second.client, id)).toMatchObject({
    ...{ state: "SUCCEEDED", attempt: 2, result: { text: `Facts: ${FACT}.` }, usage: { cost_usd: 0.002 } },
  });
  const starts = (await readEvents(second.client, id)).filter(({ type }) => type === "model.start");
  expect(starts).toHaveLength(2);
});

test("sessions are listed and shown; what does not exist is said", async () => {
  rig = await createRig();
  rig.stub.use(script);
  const { client } = await rig.start();
  expect((await runCli(rig.home, ["session", "list"])).stderr).toContain("no sessions yet");
  await talk(client, SESSION);
  await talk(client, LONG);
  await runCli(rig.home, ["session", "compact", LONG]);
  const list = (await runCli(rig.home, ["session", "list", "--json"])).json<{ sessions: object[] }>();
  const row = { agent_id: "default", messages: 4 };
  expect(list.sessions).toMatchObject([
    { id: SESSION, ...row },
    { id: LONG, ...row },
  ]);
  const page = (await client.get("/api/v1/sessions?limit=1")).json<{ next_cursor: string }>();
  const rest = (await client.get(`/api/v1/sessions?limit=1&cursor=${page.next_cursor}`)).json();
  expect(rest).toMatchObject({ sessions: [{ id: LONG }], next_cursor: null });
  const shown = (await runCli(rig.home, ["session", "show", LONG, "--json"])).json<{
    messages: { role: string }[];
  }>();
  expect(shown).toMatchObject({ session: { id: LONG }, summary: `Facts: ${FACT}.` });
  expect(shown.messages.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
  const small = (await client.get(`/api/v1/sessions/${LONG}?limit=3`)).json<{ next_cursor: string }>();
  const last = (await client.get(`/api/v1/sessions/${LONG}?limit=3&cursor=${small.next_cursor}`)).json();
  expect(last).toMatchObject({ messages: [{ role: "assistant" }], next_cursor: null });
  const text = (await runCli(rig.home, ["session", "show", LONG])).stdout;
  for (const piece of [`Remember: ${FACT}`, "and the weather?", "summary that the model is shown"])
    expect(text).toContain(piece);
  const nowhere = "00000000-0000-4000-8000-0000000000ff";
  for (const words of [
    ["session", "show", nowhere],
    ["session", "compact", nowhere],
  ]) {
    const missing = await runCli(rig.home, words);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("SESSION_NOT_FOUND")]);
  }
  expect((await runCli(rig.home, ["run", "/compact", "--session", nowhere])).stderr).toContain(
    "SESSION_NOT_FOUND",
  );
  expect((await runCli(rig.home, ["run", "/compact"])).code).toBe(2);
  expect((await client.get("/api/v1/sessions/not-a-session")).status).toBe(400);
});
