// The scripted model. It answers by the job's plan, sometimes slowly, sometimes not at all, and is the witness that no
// answer is asked for again once it is in the journal.

import type { Message } from "../../src/domain/message.ts";
import { failure, type ModelRequest, type Part, type Provider } from "../../src/providers/provider.ts";
import { countUp, type Job, type World, wait } from "./world.ts";

const RECORDED_SQL = `
  SELECT answers.attempt FROM answers JOIN messages ON messages.task_id = answers.task_id AND messages.part = 0
  WHERE messages.content = @prompt AND answers.turn = @turn`;

export function createScriptedModel(world: World): Provider & { busy(): number } {
  let busy = 0;
  return {
    id: "scripted",
    busy: () => busy,
    stream: async function* (request, signal) {
      busy++;
      try {
        yield* answer(world, request, signal);
      } finally {
        busy--;
      }
    },
  };
}

async function* answer(world: World, request: ModelRequest, signal: AbortSignal): AsyncGenerator<Part> {
  const prompt = promptOf(request.messages);
  const own = request.messages.slice(request.messages.findLastIndex(({ role }) => role === "user") + 1);
  const turn = own.filter(({ role }) => role === "assistant").length;
  const job = world.jobs.get(prompt)!;
  const nth = countUp(world.counts, `asked ${prompt} ${turn}`);
  world.trace(`model ${prompt} turn ${turn} time ${nth}`);
  if (world.reader.get(RECORDED_SQL, { prompt, turn }) !== undefined) {
    world.violations.push(`${prompt}: the answer of turn ${turn} was asked for after it was recorded`);
  }
  checkConversation(world, job, own);
  if (!(await wait(world.between(1, 800), signal))) {
    yield failure("aborted", "stopped");
    return;
  }
  const trouble = troubleOf(world, job, nth);
  if (trouble === "silent") {
    await wait(3_600_000, signal);
    yield failure("aborted", "stopped");
    return;
  }
  yield { type: "text.delta", text: `${prompt} ` };
  if (trouble !== undefined) {
    yield failure(trouble, `trouble with ${prompt} in call ${nth}`, world.chance(0.2) ? 1_500 : 0);
    return;
  }
  await wait(world.between(0, 100), signal);
  yield* body(job, turn, nth);
}

function* body(job: Job, turn: number, nth: number): Generator<Part> {
  const tools = job.turns[turn] ?? [];
  yield { type: "text.delta", text: `turn ${turn} bought ${nth}` };
  for (const [index, name] of tools.entries()) {
    yield { type: "tool.start", index, id: `call_${index}`, name };
    const args = name === "now" ? {} : { text: `${job.key} ${turn} ${index} ${nth}` };
    yield { type: "tool.delta", index, text: name === "garbled" ? "{" : JSON.stringify(args) };
  }
  yield { type: "usage", usage: { inputTokens: 3, outputTokens: 2, cachedTokens: 1 } };
  yield { type: "end", stopReason: tools.length > 0 ? "tool_calls" : "stop", model: "m" };
}

type Trouble = "silent" | "malformed" | "auth" | "network" | "overloaded" | "rate_limit";

/** What goes wrong with this call; a good job has trouble at first only. */
function troubleOf(world: World, { mood }: Job, nth: number): Trouble | undefined {
  if (mood === "garbled") return "malformed";
  if (mood === "bad_key") return "auth";
  if (mood === "silent") return "silent";
  if (nth > 2 || !world.chance(0.2)) return undefined;
  return (["network", "overloaded", "rate_limit", "silent"] as const)[world.between(0, 3)];
}

function promptOf(messages: readonly Message[]): string {
  const last = messages.findLast((message) => message.role === "user");
  return last?.role === "user" ? last.text : "";
}

/** Every call of every earlier turn has its result, in order: what the journal gave back is a conversation. */
function checkConversation(world: World, job: Job, messages: readonly Message[]): void {
  const roles = messages.map((message) => message.role);
  const expected = job.turns.flatMap((tools) => ["assistant", ...tools.map(() => "tool")]);
  if (roles.some((role, index) => role !== expected[index])) {
    world.violations.push(`${job.key}: the model was shown ${roles.join(" ")}`);
  }
}
