// The scripted tools. What they do is kept by the world, which crashes do not reach, and each act is held against the
// journal and the audit at the moment it happens.

import type { Tool, ToolContext, ToolOutcome } from "../../src/tools/tool.ts";
import { countUp, type World, wait } from "./world.ts";

const params = {
  type: "object",
  properties: { text: { type: "string" } },
  required: ["text"],
  additionalProperties: false,
};

const JOURNALED_SQL = `
  SELECT tasks.id, tasks.state,
         (SELECT count(*) FROM audit WHERE audit.task_id = tasks.id AND audit.decision = 'allow') AS allows
  FROM effects JOIN tasks ON tasks.id = effects.task_id WHERE effects.key = @key AND effects.status = 'PENDING'`;

interface Journaled {
  readonly id: string;
  readonly state: string;
  readonly allows: number;
}

export function createScriptedTools(world: World): readonly Tool[] {
  return [
    {
      ...tool("now", "pure"),
      params: { type: "object", additionalProperties: false },
      run: async () => done("noon"),
    },
    { ...tool("garbled", "pure"), params, run: async () => done("never reached") },
    { ...tool("forbidden", "once"), params, run: async () => done("never reached") },
    { ...tool("note", "keyed"), params, run: (args, context) => note(world, String(args.text), context) },
    { ...tool("alert", "once"), params, run: (_args, context) => alert(world, context) },
  ];
}

const done = (text: string): ToolOutcome => ({ type: "done", text });

function tool(name: string, effectClass: Tool["effectClass"]): Omit<Tool, "run" | "params"> {
  return { name, description: name, effectClass, resource: () => null };
}

async function note(world: World, text: string, { effectKey, signal }: ToolContext): Promise<ToolOutcome> {
  checkJournal(world, effectKey);
  // Writing a file does not stop half way because nobody waits for it any more.
  await wait(
    world.chance(0.2) ? world.between(0, 4_000) : world.between(0, 400),
    world.chance(0.5) ? undefined : signal,
  );
  const before = world.noted.get(effectKey) ?? text;
  if (before !== text) world.violations.push(`key ${effectKey} was used for ${before} and for ${text}`);
  world.noted.set(effectKey, text);
  countUp(world.counts, "notes");
  return done("noted");
}

async function alert(world: World, { effectKey, signal }: ToolContext): Promise<ToolOutcome> {
  checkJournal(world, effectKey);
  // Some tools do not notice at once that nobody waits for them any more.
  const patience = world.chance(0.3) ? undefined : signal;
  if (!(await wait(world.between(0, 600), patience)) || signal.aborted) {
    return { type: "failed", text: "stopped before anything was sent" };
  }
  if (world.chance(0.1)) return { type: "failed", text: "connection refused" };
  world.trace(`alert ${effectKey}`);
  const times = countUp(world.performed, effectKey);
  if (times > 1) world.violations.push(`the act ${effectKey} was made ${times} times`);
  if (!(await wait(world.between(0, 1_500), patience)))
    return { type: "unknown", text: "stopped in the middle" };
  return world.chance(0.1) ? { type: "unknown", text: "connection reset" } : done("sent");
}

/** When an act begins its intent and the allow of the policy are in the database. */
function checkJournal(world: World, key: string): void {
  const row = world.reader.get<Journaled>(JOURNALED_SQL, { key });
  if (row === undefined) world.violations.push(`act ${key} without an intent`);
  else if (row.allows === 0) world.violations.push(`act ${key} without an allow in the audit`);
  else if (world.canceled.has(row.id)) world.violations.push(`act ${key} of ${row.id} after it was canceled`);
}
