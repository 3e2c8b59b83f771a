// Policy and audit for the command line, without a daemon: the same parser and the same decision as at run time, over
// policy.yaml and a read-only look at the database.

import { existsSync } from "node:fs";
import { errnoOf, readText } from "./config/files.ts";
import type { Paths } from "./config/paths.ts";
import { LABELS, type Touch } from "./domain/act.ts";
import { BASE_CAPABILITIES, isKnownPattern, RESERVED_CAPABILITIES } from "./domain/capability.ts";
import type {
  AuditLine,
  AuditSummary,
  CaseResult,
  ExplainAsk,
  Explained,
  PolicyDiff,
  PolicySummary,
  Proposal,
} from "./domain/control.ts";
import { GoclawError, messageOf } from "./domain/error.ts";
import { nearest } from "./domain/nearest.ts";
import { sqliteBinding } from "./native.ts";
import { auditedTasks, auditSince, auditTail, toWireAudit } from "./policy/audit-read.ts";
import { readCases } from "./policy/cases.ts";
import type { PolicyRequest } from "./policy/decision.ts";
import { explain } from "./policy/explain.ts";
import type { Place } from "./policy/match.ts";
import { parsePolicy } from "./policy/parse.ts";
import { createPolicy, type Policy } from "./policy/policy.ts";
import { runsAnything } from "./policy/programs.ts";
import { type ApprovedAct, ruleLike, ruleText } from "./policy/propose.ts";
import { replay } from "./policy/replay.ts";
import { nameOf } from "./policy/rule-name.ts";
import { asOpenError, openReadOnly } from "./store/database.ts";
import { createReader, type Reader } from "./store/reader.ts";
import { TOOL_CAPABILITIES } from "./tools/index.ts";

const CAPABILITIES: readonly string[] = [
  ...BASE_CAPABILITIES,
  ...RESERVED_CAPABILITIES,
  ...TOOL_CAPABILITIES,
];

const POLICY_BYTES = 1_048_576;

/** policy.yaml of the home, or another file; throws POLICY_INVALID. */
export function readPolicy(paths: Paths, file = paths.policy): Policy {
  return parsePolicy(readGiven(file), { file, base: paths.home, capabilities: CAPABILITIES });
}

function readGiven(file: string): string {
  try {
    return readText(file, POLICY_BYTES);
  } catch (error) {
    const why = errnoOf(error) === "ENOENT" ? "there is no such file" : messageOf(error);
    throw new GoclawError("POLICY_INVALID", `${file}: ${why}; name a readable file of YAML`);
  }
}

export function placeOf({ home, workspace }: Paths): Place {
  return { home, workspace };
}

export function checkPolicy(paths: Paths, file?: string): PolicySummary {
  const policy = readPolicy(paths, file);
  const { allowCapabilities, allowDomains, allowPaths, rules } = policy;
  const warnings = [
    ...(allowCapabilities.includes("*")
      ? ["allow_capabilities: `*` allows every tool and every administration"]
      : []),
    ...(allowPaths.some(({ path }) => path === "/") ? ["allow_paths: `/` opens the whole file system"] : []),
    ...(policy.allowUnsandboxedExec ? ["allow_unsandboxed_exec: commands may run without a sandbox"] : []),
    ...rules
      .filter(({ effect, command }) => effect === "allow" && isOpenRunner(command))
      .map((rule) => `${nameOf(rule)}: what its * stands for is asked, since this program can run others`),
    ...(policy.allowLoopback ? ["allow_loopback: tools may reach servers on this machine"] : []),
  ];
  return {
    file: file ?? paths.policy,
    version: policy.version,
    capabilities: allowCapabilities.length,
    domains: allowDomains.length,
    paths: allowPaths.length,
    rules: rules.length,
    warnings,
  };
}

function isOpenRunner(command: readonly string[] | null): boolean {
  return command?.at(-1) === "*" && runsAnything(command[0] ?? "");
}

export function explainAll(paths: Paths, asks: readonly ExplainAsk[], file?: string): Explained[] {
  const policy = readPolicy(paths, file);
  return asks.map((ask) => explainOne(policy, placeOf(paths), ask));
}

function explainOne(policy: Policy, place: Place, ask: ExplainAsk): Explained {
  const { decision, near } = explain(policy, place, toRequest(ask));
  const { effect, code, rule, reason } = decision;
  return { decision: effect, code, rule, reason, near, policy_version: policy.version };
}

function toRequest(ask: ExplainAsk): PolicyRequest {
  const { capability } = ask;
  if (capability === undefined || !isKnownPattern(capability, CAPABILITIES) || capability.endsWith("*")) {
    const all = [...CAPABILITIES, "mcp.<server>.<tool>"];
    const near = nearest(capability ?? "", all);
    const what =
      capability === undefined
        ? "say which --capability"
        : `there is no capability ${JSON.stringify(capability)}`;
    const which = near === undefined ? `there are: ${all.join(", ")}` : `did you mean ${near}?`;
    throw new GoclawError("BAD_REQUEST", `${what}; ${which}`);
  }
  const touches: Touch[] = [];
  // A command is judged together with the directory it runs in, as at run time.
  if (ask.command !== undefined)
    touches.push({ command: wordsOf(ask.command), path: { path: ask.path ?? ".", mode: "rw" } });
  else if (ask.path !== undefined)
    touches.push({ path: { path: ask.path, mode: ask.write === true ? "rw" : "ro" } });
  if (ask.domain !== undefined)
    touches.push({ url: ask.domain.includes("://") ? ask.domain : `https://${ask.domain}/` });
  if (ask.mcp !== undefined) {
    const [server = "", ...tool] = ask.mcp.split("/");
    touches.push({ mcp: { server, tool: tool.join("/") } });
  }
  const labels = (ask.taint ?? []).map((label) => {
    const known = LABELS.find((each) => each === label);
    if (known !== undefined) return known;
    const names = LABELS.join(", ");
    throw new GoclawError("BAD_REQUEST", `there is no taint ${JSON.stringify(label)}; there are: ${names}`);
  });
  const agentId = ask.agent ?? "default";
  return { agentId, capability, touches, labels, isOutgoing: ask.outgoing === true };
}

function wordsOf(command: string | readonly string[]): readonly string[] {
  return typeof command === "string" ? command.split(/\s+/).filter((word) => word !== "") : command;
}

export function testPolicy(paths: Paths, casesFile: string, file?: string): CaseResult[] {
  const policy = readPolicy(paths, file);
  return readCases(readGiven(casesFile), casesFile).map(({ name, expect, rule, ask }) => {
    const got = explainOne(policy, placeOf(paths), ask);
    const ok = got.decision === expect && (rule === undefined || got.rule.includes(rule));
    return { name, ok, expected: rule === undefined ? expect : `${expect} by ${rule}`, got };
  });
}

/** Asks another policy again about every act of an agent since `since` (epoch ms). */
export function diffPolicy(paths: Paths, otherFile: string, since: number): PolicyDiff {
  const other = readPolicy(paths, otherFile);
  return { since: new Date(since).toISOString(), ...replayDecisions(paths, other, since) };
}

/** The rule that would allow the like of an act, and what it would have allowed since then that was not. */
export function proposeRule(paths: Paths, approval: ApprovedAct, since: number): Proposal {
  const policy = readPolicy(paths);
  const rule = ruleLike(approval);
  const wider = createPolicy({ ...policy, rules: [...policy.rules, rule] }, policy.text);
  // What asks today goes on asking while its rule stands; the rule for the like is what replaces it.
  const without = createPolicy({ ...wider, rules: wider.rules.filter(({ effect }) => effect !== "ask") }, "");
  const { changed } = replayDecisions(paths, without, since);
  const would = changed.filter(({ would_be, rule: by }) => would_be === "allow" && by === nameOf(rule));
  return { rule: ruleText(rule), would_have_allowed: would };
}

function replayDecisions(paths: Paths, policy: Policy, since: number): Omit<PolicyDiff, "since"> {
  const nothing = { decisions: 0, changed: [] };
  return reading(paths, nothing, (reader) => replay(auditSince(reader, since), policy, placeOf(paths)));
}

export function auditFiles(paths: Paths) {
  return { log: paths.auditLog, checkpoints: paths.auditCheckpoints, key: paths.auditKey };
}

const NO_AUDIT: AuditSummary = {
  ok: true,
  records: 0,
  checkpoints: 0,
  mirrored: 0,
  first_bad: null,
  why: null,
};

/** A home that never ran has neither; one whose records were mirrored or signed has lost its table. */
function withoutTable({ db, auditLog, auditCheckpoints }: Paths): AuditSummary {
  const left = [auditLog, auditCheckpoints].find((file) => existsSync(file));
  if (left === undefined) return NO_AUDIT;
  return {
    ...NO_AUDIT,
    ok: false,
    first_bad: 1,
    why: `${db} is not there, though ${left} is: it was removed`,
  };
}

export async function verifyHomeAudit(paths: Paths): Promise<AuditSummary> {
  if (!existsSync(paths.db)) return withoutTable(paths);
  const { verifyAudit } = await import("./policy/audit-verify.ts");
  return await reading(paths, Promise.resolve(NO_AUDIT), (reader) => verifyAudit(reader, auditFiles(paths)));
}

/** `task`: an id, or a start of one that only one task has. */
export function tailAudit(paths: Paths, task: string | null, limit: number): AuditLine[] {
  return reading(paths, [], (reader) => {
    const tasks = task === null ? null : auditedTasks(reader, task.trim().toLowerCase());
    if (tasks !== null && tasks.first !== tasks.last) {
      const which = `among them ${tasks.first} and ${tasks.last}`;
      throw new GoclawError("BAD_REQUEST", `several tasks begin with ${JSON.stringify(task)}, ${which}`);
    }
    return task !== null && tasks === null ? [] : auditTail(reader, tasks?.first ?? null, limit);
  }).map(toWireAudit);
}

/** The database stays open until what `read` returns is there. */
function reading<T>(paths: Paths, without: T, read: (reader: Reader) => T): T {
  if (!existsSync(paths.db)) return without;
  const db = openReadOnly(paths.db, sqliteBinding());
  let isRead = true;
  const named = (error: unknown): unknown =>
    error instanceof Error && error.name === "SqliteError" ? asOpenError(error, paths.db) : error;
  try {
    const result = read(createReader(db));
    if (!(result instanceof Promise)) return result;
    isRead = false;
    const close = (): void => void db.close();
    return result.finally(close).catch((error: unknown) => Promise.reject(named(error))) as T;
  } catch (error) {
    throw named(error);
  } finally {
    if (isRead) db.close();
  }
}
