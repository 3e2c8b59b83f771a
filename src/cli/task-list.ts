// `goclaw task list`: the newest tasks, one a line.

import { EXIT } from "../domain/error.ts";
import type { WireTask } from "../rpc/wire.ts";
import type { Api } from "./api.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { findSessionId } from "./find-by-id.ts";
import { openHome } from "./home.ts";
import { withLink } from "./link.ts";
import { moreText, readPages } from "./pages.ts";
import { paintFor, paintState } from "./paint.ts";
import { safeLine } from "./safe-text.ts";
import { type Cell, writeTable } from "./table.ts";
import { agoText } from "./time-text.ts";

interface ListOptions extends GlobalOptions {
  readonly state?: string;
  readonly agent?: string;
  readonly session?: string;
  readonly limit?: number;
  readonly json?: boolean;
}

interface Page {
  readonly tasks: readonly WireTask[];
  readonly next_cursor: string | null;
}

const LIMIT = 20;
/** Where nobody cuts the line, a prompt of a megabyte should not fill the screen all the same. */
const PROMPT_CHARS = 200;

export async function taskList(
  context: Context,
  _args: readonly string[],
  options: ListOptions,
): Promise<number> {
  const page = await withLink(context, openHome(context, options), options, {}, ({ api }) =>
    readList(api, options),
  );
  if (options.json === true) writeJson(context.stdout, page);
  else show(context, page, options);
  return EXIT.ok;
}

async function readList(api: Api, { state, agent, limit = LIMIT, ...asked }: ListOptions): Promise<Page> {
  const session = asked.session === undefined ? undefined : await findSessionId(api, asked.session);
  const { items, nextCursor } = await readPages<WireTask>(api, "tasks", limit, { state, agent, session });
  return { tasks: items, next_cursor: nextCursor };
}

function show({ stdout, stderr, clock }: Context, { tasks, next_cursor }: Page, options: ListOptions): void {
  if (tasks.length === 0) {
    const narrowed = options.state ?? options.agent ?? options.session;
    stderr.write(narrowed === undefined ? "there are no tasks yet\n" : "no task is like that\n");
    return;
  }
  const paint = paintFor(stdout);
  const nowMs = clock.nowMs();
  const rows = tasks.map((task): Cell[] => [
    { text: safeLine(task.id) },
    { text: task.state, paint: paintState(paint, task.state) },
    { text: `${task.attempt}/${task.max_attempts}` },
    { text: agoText(task.created_at, nowMs), paint: paint.dim },
    { text: safeLine(task.agent_id) },
    { text: noteOf(task) },
  ]);
  const head = ["ID", "STATE", "ATTEMPT", "CREATED", "AGENT", "PROMPT"];
  writeTable(stdout, head, rows, ["AGENT", "ATTEMPT", "CREATED"]);
  if (next_cursor !== null) stderr.write(moreText(tasks.length));
}

function noteOf({ state, reason_code: reason, prompt }: WireTask): string {
  const text = safeLine(prompt.slice(0, PROMPT_CHARS));
  return reason === undefined || state === "SUCCEEDED" || state === "CANCELED" ? text : `[${reason}] ${text}`;
}
