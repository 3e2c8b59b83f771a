// `goclaw approvals list|show|approve|deny|answer`: what agents wait for, shown exactly as it is bound, and the answer.

import { EXIT } from "../domain/error.ts";
import { oddWords } from "../domain/odd-words.ts";
import type { WireApproval } from "../rpc/methods/approval.ts";
import { writeFrame } from "./approval-frame.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { findApproval } from "./find-by-id.ts";
import { openHome } from "./home.ts";
import { withLink } from "./link.ts";
import { moreText, readPages } from "./pages.ts";
import { safeLine } from "./safe-text.ts";
import { writePairs, writeTable } from "./table.ts";
import { durationText, localTime } from "./time-text.ts";

const LIMIT = 50;

interface ListOptions extends GlobalOptions {
  readonly all?: boolean;
  readonly limit?: number;
  readonly json?: boolean;
}

interface ActOptions extends GlobalOptions {
  readonly note?: string;
  readonly always?: boolean;
  readonly json?: boolean;
}

export async function approvalsList(
  context: Context,
  _args: readonly string[],
  options: ListOptions,
): Promise<number> {
  const { stdout, stderr, clock } = context;
  const { all = false, limit = LIMIT } = options;
  await withLink(context, openHome(context, options), options, {}, async ({ api }) => {
    const filters = { status: all ? undefined : "PENDING" };
    const page = await readPages<WireApproval>(api, "approvals", limit, filters);
    const { items: approvals, nextCursor } = page;
    if (options.json === true) return writeJson(stdout, { approvals, next_cursor: nextCursor });
    if (approvals.length === 0)
      return stderr.write(all ? "there are no approvals yet\n" : "nothing waits for an approval\n");
    const rows = approvals.map((approval) =>
      [
        approval.id,
        approval.status,
        approval.agent_id,
        approval.kind === "question" ? "asks" : approval.capability,
        approval.status === "PENDING" ? leftText(approval, clock.nowMs()) : "",
        safeLine(summaryOf(approval)),
      ].map((text) => ({ text })),
    );
    const head = ["ID", "STATUS", "AGENT", "CAPABILITY", "LEFT", "ACT"];
    writeTable(stdout, head, rows, all ? ["AGENT", "LEFT", "STATUS"] : ["STATUS", "AGENT", "LEFT"]);
    if (nextCursor !== null) stderr.write(moreText(rows.length));
  });
  return EXIT.ok;
}

export async function approvalsShow(
  context: Context,
  [id = ""]: readonly string[],
  options: ActOptions,
): Promise<number> {
  const { stdout, clock } = context;
  await withLink(context, openHome(context, options), options, {}, async ({ api }) => {
    const approval = await findApproval(api, id);
    if (options.json === true) return writeJson(stdout, { approval });
    const answered = approval.answer ?? approval.note;
    const by = approval.decided_by === undefined ? "" : ` by ${safeLine(approval.decided_by)}`;
    writePairs(stdout, [
      ["approval", approval.id],
      ["status", `${approval.status}${by}${answered === undefined ? "" : `: ${safeLine(answered)}`}`],
      ["task", approval.task_id],
      ["agent", safeLine(approval.agent_id)],
      ["capability", safeLine(approval.capability)],
      ["asked by", safeLine(approval.rule)],
      ["because", safeLine(approval.reason)],
      ["expires", `${localTime(approval.expires_at)} (${leftText(approval, clock.nowMs())})`],
      ["digest", approval.digest],
      ...hostOf(approval),
      ...oddWords(approval.act).map(({ word, written, why }): [string, string] => [
        why === null ? "not ASCII" : "LOOK TWICE",
        `${safeLine(word)} is ${written}${why === null ? "" : `: ${why}`}`,
      ]),
    ]);
    // Facts first, the agent's own words last.
    writeFrame(stdout, approval);
  });
  return EXIT.ok;
}

/** The host of a URL as it is looked up: a name of another script is punycode. */
function hostOf({ act }: WireApproval): [string, string][] {
  const { url } = (act.arguments ?? {}) as { readonly url?: unknown };
  return typeof url === "string" && URL.canParse(url) ? [["host", safeLine(new URL(url).host)]] : [];
}

export function approvalsApprove(
  context: Context,
  args: readonly string[],
  options: ActOptions,
): Promise<number> {
  return respond(context, args, options, { decision: "approve" }, "is approved; the task goes on");
}

export function approvalsDeny(
  context: Context,
  args: readonly string[],
  options: ActOptions,
): Promise<number> {
  return respond(context, args, options, { decision: "deny" }, "is denied; the agent is told");
}

export function approvalsAnswer(
  context: Context,
  [id = "", answer = ""]: readonly string[],
  options: ActOptions,
): Promise<number> {
  return respond(context, [id], options, { answer }, "is answered; the task goes on");
}

async function respond(
  context: Context,
  [id = ""]: readonly string[],
  options: ActOptions,
  body: Readonly<Record<string, unknown>>,
  done: string,
): Promise<number> {
  const { stdout, stderr } = context;
  await withLink(context, openHome(context, options), options, {}, async ({ api, own }) => {
    const found = await findApproval(api, id);
    const path = `/api/v1/approvals/${encodeURIComponent(found.id)}`;
    const sent = options.note === undefined ? body : { ...body, note: options.note };
    const { approval } = await api.post<{ approval: WireApproval }>(path, sent);
    if (options.json === true) writeJson(stdout, { approval });
    else stdout.write(`approval ${approval.id} ${done}\n`);
    if (options.always === true) await propose(context, options, approval);
    if (own)
      stderr.write("goclaw: no daemon runs; `goclaw daemon start` starts one that goes on with the task\n");
  });
  return EXIT.ok;
}

const WEEK_MS = 7 * 86_400_000;

/** The rule for the like is printed, never written: a person puts it into policy.yaml. */
async function propose(context: Context, options: GlobalOptions, approval: WireApproval): Promise<void> {
  const { stderr, clock } = context;
  const act = { agentId: approval.agent_id, capability: approval.capability, act: approval.act };
  const proposed = (await context.control()).proposeRule(
    openHome(context, options),
    act,
    clock.nowMs() - WEEK_MS,
  );
  const would = proposed.would_have_allowed;
  stderr.write(
    `to allow the like from now on, add this to rules in policy.yaml, and remove the rule that asks:\n`,
  );
  stderr.write(`  ${safeLine(proposed.rule)}\n`);
  stderr.write(
    `it would have allowed ${would.length} acts of the last 7 days that were asked for or denied\n`,
  );
  for (const { at, capability, resource } of would.slice(0, 20))
    stderr.write(`  ${localTime(at)} ${safeLine(`${capability} ${resource ?? ""}`)}\n`);
}

function leftText({ expires_at }: WireApproval, nowMs: number): string {
  const left = Date.parse(expires_at) - nowMs;
  return left <= 0 ? "expired" : `${durationText(left)} left`;
}

function summaryOf({ act, kind }: WireApproval): string {
  if (kind === "question") return String(act.question ?? JSON.stringify(act));
  const { tool: _, ...rest } = act;
  return JSON.stringify(rest.argv ?? rest.arguments ?? rest);
}
