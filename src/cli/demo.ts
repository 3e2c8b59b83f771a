// `goclaw demo`: one recorded task through the real daemon, in a home of its own that is removed at the end. Only the
// model is not real, and the first line says so.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureHome } from "../config/first-run.ts";
import { type Paths, resolvePaths } from "../config/paths.ts";
import { EXIT, GoclawError } from "../domain/error.ts";
import type { AuditRow } from "../domain/report.ts";
import type { WireApproval } from "../rpc/methods/approval.ts";
import type { WireEvent, WireTask } from "../rpc/wire.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { createStory, type Story } from "./demo-story.ts";
import { readEvents } from "./events-of.ts";
import { followTask } from "./follow.ts";
import { type Link, withLink } from "./link.ts";

interface DemoOptions extends GlobalOptions {
  readonly keep?: boolean;
  readonly json?: boolean;
}

/** What the bundled cassette answers. */
export const DEMO_PROMPT =
  "The nightly backup took 41 minutes instead of the usual 6. Write a note about it for the operators, and alert them.";

const CONFIG_TEXT = `# The home of \`goclaw demo\`: no model is called, the answers come from the bundled cassette.
llm:
  provider: replay
  model: demo
`;
const NOTE = "notes/slow-backup.md";

interface Shown {
  readonly task: WireTask;
  readonly events: readonly WireEvent[];
  readonly audit: readonly AuditRow[];
  readonly note: string | null;
}

export async function demo(
  context: Context,
  _args: readonly string[],
  options: DemoOptions,
): Promise<number> {
  const paths = resolvePaths(mkdtempSync(join(tmpdir(), "goclaw-demo-")));
  const story = createStory(context.stdout, options.json === true);
  try {
    ensureHome(paths, context.random);
    writeFileSync(paths.config, CONFIG_TEXT);
    story.open(paths.home, DEMO_PROMPT);
    // The demo is the same whatever the caller's environment says about goclaw.
    const inside: Context = { ...context, env: {} };
    const shown = await withLink(inside, paths, {}, { takesWork: true }, (link) =>
      play(context, link, paths, story),
    );
    if (options.json === true) writeJson(context.stdout, shown);
    story.close(shown.task, options.keep === true ? paths.home : undefined);
    return shown.task.state === "SUCCEEDED" ? EXIT.ok : EXIT.failed;
  } finally {
    if (options.keep !== true) rmSync(paths.home, { recursive: true, force: true });
  }
}

const NO = "this is a demo; let them sleep";

/** The demo plays the person too: it looks at what is asked, and says no. */
async function decline(link: Link, taskId: string, story: Story): Promise<void> {
  const path = `/api/v1/approvals?status=PENDING&task=${taskId}`;
  const { approvals } = await link.api.get<{ approvals: WireApproval[] }>(path);
  for (const { id, capability } of approvals) {
    story.person(`goclaw approvals deny ${id} --note "${NO}"   (${capability})`);
    await link.api.post(`/api/v1/approvals/${id}`, { decision: "deny", note: NO });
  }
}

async function play(context: Context, link: Link, paths: Paths, story: Story): Promise<Shown> {
  const accepted = await link.api.post<{ task_id: string }>("/api/v1/tasks", { prompt: DEMO_PROMPT });
  const control = new AbortController();
  const onEvent = (event: WireEvent): void => {
    story.event(event);
    if (event.reason_code !== "AWAITING_APPROVAL") return;
    answered = decline(link, event.task_id, story);
    answered.catch(() => control.abort());
  };
  let answered: Promise<void> = Promise.resolve();
  const task = await followTask(
    link,
    accepted.task_id,
    { onEvent, onPiece: story.piece, onBreak: () => {} },
    control.signal,
  );
  await answered;
  if (task === undefined) throw new GoclawError("INTERNAL", "the demo's task did not end");
  const events: WireEvent[] = [];
  await readEvents(link, task.id, 0, (event) => events.push(event));
  const noteFile = join(paths.workspace, NOTE);
  const note = existsSync(noteFile) ? readFileSync(noteFile, "utf8") : null;
  const audit = await context.readAudit(paths.db, task.id);
  story.note(`workspace/${NOTE}`, note);
  story.chain(events);
  story.audit(audit);
  return { task, events, audit, note };
}
