// What a summary refers to, what stands beside it, and the mark that says which segment changed.

import { afterEach, beforeEach, expect, test } from "vitest";
import { type Prepared, prepareContext } from "../../../src/brain/context.ts";
import { finish } from "../../../src/engine/finish.ts";
import { recordSummary } from "../../../src/journal/summaries.ts";
import { findTaskById } from "../../../src/store/tasks.ts";
import { type AskOptions, askIn, type Said, turnOf } from "../../support/context-bench.ts";
import { type InlineWriter, openInlineWriter } from "../../support/inline-writer.ts";
import { answerOf } from "../../support/inputs.ts";
import { verifies } from "../../support/verifies.ts";

let writer: InlineWriter;
beforeEach(() => {
  writer = openInlineWriter();
});
afterEach(() => writer.close());

const WINDOW = { contextLimit: 4_096 };
/** About 500 tokens by the estimate; a window of 4,096 leaves 3,072. */
const LONG = "a lazy dog slept. ".repeat(84);

function talk(count: number): Said[] {
  return Array.from({ length: count }, (_, index) => ({
    role: index % 2 === 0 ? "user" : "assistant",
    text: `message ${index + 1}: ${LONG}`,
  }));
}

function fitting(prepared: Prepared) {
  if ("outcome" in prepared) throw new Error(JSON.stringify(prepared.outcome));
  return prepared;
}

/** Runs one task to its end, as the turn loop does when the model answers with text. */
async function run(id: string, prompt: string, options: AskOptions = {}, history: readonly Said[] = []) {
  const { ports, requests } = askIn(writer, history, prompt, { ...WINDOW, ...options, id });
  const prepared = fitting(await prepareContext(ports, 0, []));
  const lastAnswer = { turn: 0, answer: answerOf("fine"), costUsd: null, shown: prepared.shown };
  const { task } = ports;
  writer.call(finish, { taskId: task.id, fence: task.fence, result: { text: "fine" }, lastAnswer });
  writer.clock.pass(1);
  return { ...prepared, requests };
}

test(verifies("BRN-004", "a summary names the messages it stands for, and they stay stored"), async () => {
  const { messages, requests } = await run("one", "and now?", {}, talk(6));
  expect(requests.length).toBeGreaterThan(0);
  const rows = writer.reader.all(
    `SELECT from_anchor AS "from", up_to_anchor AS upTo, up_to_part AS part, task_id AS task, text FROM summaries ORDER BY id`,
  );
  expect(rows[0]).toMatchObject({ from: 1, task: "one", text: "what was said" });
  expect(rows.at(-1)).toMatchObject({ upTo: 6, part: 0 });
  expect(writer.reader.get("SELECT count(*) AS n FROM messages")).toEqual({ n: 8 });
  expect(messages.map(({ role }) => role)).toEqual(["system", "user", "user"]);
  expect(messages[1]?.text).toMatch(/^\[Summary of the earlier conversation/);
  const task = findTaskById(writer.reader, "one");
  expect(task?.usage).toMatchObject({ inputTokens: 10 * rows.length, outputTokens: 2 * rows.length });
});

test("a later task begins with the summary and buys none", async () => {
  await run("one", "and now?", {}, talk(6));
  const { messages, requests } = await run("two", "and then?");
  expect(requests).toEqual([]);
  expect(messages.map(({ text }) => text).slice(2)).toEqual(["and now?", "fine", "and then?"]);
});

test("a summary is bought within the budget, and what it held is free again", async () => {
  const { ports, requests } = askIn(writer, talk(6), "and now?", WINDOW);
  const within = (perTaskTokens: number) => {
    const budget = { perTaskTokens, onLimit: "fail" } as const;
    return prepareContext({ ...ports, purse: { ...ports.purse, budget } }, 0, []);
  };
  expect(await within(100)).toMatchObject({ outcome: { type: "failed", code: "BUDGET_EXCEEDED" } });
  expect(requests).toEqual([]);
  fitting(await within(100_000));
  expect(requests.length).toBeGreaterThan(0);
  expect(writer.reader.get("SELECT count(*) AS n FROM reservations")).toEqual({ n: 0 });
  // 12 tokens a summary count against the task from now on.
  expect(writer.reader.get("SELECT sum(input_tokens + output_tokens) AS n FROM purchases")).toEqual({
    n: 12 * requests.length,
  });
});

test("an answer that is no summary is a failure, costs what it cost, and replaces nothing", async () => {
  const { ports } = askIn(writer, talk(6), "and now?", { ...WINDOW, summarise: () => " " });
  const message = expect.stringMatching(/empty summary\. Nothing was left out/);
  expect(await prepareContext(ports, 0, [])).toMatchObject({
    outcome: { type: "retry", code: "RETRY_PROVIDER_MALFORMED", message },
  });
  expect(findTaskById(writer.reader, "task")?.usage).toMatchObject({ inputTokens: 10, outputTokens: 2 });
  expect(writer.reader.get("SELECT tokens FROM spend_totals LIMIT 1")).toEqual({ tokens: 12 });
  expect(writer.reader.get("SELECT count(*) AS n FROM summaries")).toEqual({ n: 0 });
});

test("a summary that is sent again, because its commit was thought lost, is recorded once", () => {
  const { task } = askIn(writer, talk(2), "and now?", WINDOW).ports;
  const upTo = { anchor: 2, part: 0, offset: 5 };
  const summary = { text: "what was said", fromAnchor: 1, upTo, readAt: 1 };
  const usage = { inputTokens: 10, outputTokens: 2, cachedTokens: 0 };
  const cost = { provider: "scripted", model: "m", usage, costUsd: null };
  const input = { taskId: task.id, fence: task.fence, turn: 0, summary, messages: 2, ...cost };
  expect([writer.call(recordSummary, input), writer.call(recordSummary, input)]).toEqual([true, true]);
  expect(writer.reader.get("SELECT count(*) AS n FROM summaries")).toEqual({ n: 1 });
  expect(findTaskById(writer.reader, "task")?.usage).toMatchObject({ inputTokens: 10, outputTokens: 2 });
});

test("a message longer than the window is summarised in pieces, each bought once", async () => {
  const history: Said[] = [{ role: "user", text: LONG.repeat(12) }];
  const { requests } = await run("one", "and now?", {}, history);
  expect(requests.length).toBeGreaterThan(2);
  const read = requests.map(({ messages }) => messages[1]?.text.split("Messages:\nuser: ")[1]?.slice(0, -2));
  expect(read.join("")).toBe(history[0]?.text);
});

test("an answer that comes after its place was summarised is still shown", async () => {
  const late = askIn(writer, talk(2), "a slow question", { ...WINDOW, id: "slow" }).ports.task;
  await run("one", LONG.repeat(3));
  const outcome = { taskId: late.id, fence: late.fence, result: { text: "a late answer" }, lastAnswer: null };
  writer.call(finish, outcome);
  writer.clock.pass(1);
  const { messages } = await run("two", "and then?");
  expect(messages.map(({ text }) => text)).toContain("a late answer");
});

test("a window too small for prompt and soul ends the task with what to do", async () => {
  const { ports } = askIn(writer, [], LONG.repeat(40), WINDOW);
  const prepared = await prepareContext(ports, 0, []);
  expect(prepared).toMatchObject({ outcome: { type: "failed", code: "PROVIDER_CONTEXT_LENGTH" } });
  expect(JSON.stringify(prepared)).toMatch(/a window of 4096 leaves 3072 .* choose a model/);
});

test("the mark says which segment is the first that changed", async () => {
  expect((await run("one", "hello")).shown.changed).toBe("first");
  expect((await run("two", "again")).shown.changed).toBe(null);
  const { ports } = askIn(writer, [], "with a tool", { id: "three" });
  const tool = { name: "now", description: "the time", params: {} };
  expect(fitting(await prepareContext({ ...ports, tools: [tool] }, 0, [])).shown.changed).toBe("tools");
  const agent = { ...ports.agent, soul: "You are long-winded." };
  expect(fitting(await prepareContext({ ...ports, agent }, 0, [])).shown.changed).toBe("soul");
});

test("old results are cut before new ones, and the calls stay", async () => {
  const { ports } = askIn(writer, [], "look", WINDOW);
  const turns = [...turnOf([LONG.repeat(3)], 0), ...turnOf([LONG.repeat(3)], 1), ...turnOf([LONG], 2)];
  const { messages, shown } = fitting(await prepareContext(ports, 3, turns));
  expect(shown.tokens).toBeLessThanOrEqual(3_072);
  expect(messages.slice(-6).map(({ role }) => role)).toEqual(turns.map(({ role }) => role));
  expect(messages.at(-5)?.text).toMatch(/\[cut: \d+ characters left out/);
  expect(messages.at(-1)?.text).toBe(LONG);
});
