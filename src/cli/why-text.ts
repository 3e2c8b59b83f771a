// Puts into one sentence what a task waits for. Pure: the task, its events and the time go in, words come out.

import { unreachable } from "../domain/event.ts";
import { SUSPENSIONS } from "../domain/task.ts";
import type { WireEvent, WireTask } from "../rpc/wire.ts";
import { adviceFor, meaningOf } from "./advice.ts";
import { eventText } from "./event-text.ts";
import { agoText, durationText, localTime } from "./time-text.ts";

export interface Why {
  readonly sentence: string;
  /** RFC 3339; null when nothing says it. */
  readonly since: string | null;
  /** When the wait ends by itself; null when it does not, or the task does not wait. */
  readonly until: string | null;
}

export function whyText(
  task: WireTask,
  events: readonly WireEvent[],
  nowMs: number,
  daemonRuns: boolean,
): Why {
  const since = events.findLast((event) => event.state_to !== undefined)?.at ?? null;
  const ago = since === null ? "" : ` since ${localTime(since)} (${agoText(since, nowMs)})`;
  const when = ago.replace(" since ", " at ");
  const say = (words: string, until: string | null = null): Why => ({
    sentence: `Task ${task.id} ${words}`,
    since,
    until,
  });
  switch (task.state) {
    case "QUEUED":
      return say(queuedText(task, ago, daemonRuns));
    case "CLAIMED":
      return say(
        `was taken by a lane${ago} for attempt ${task.attempt} of ${task.max_attempts} and is about to run.`,
      );
    case "RUNNING":
      return say(`is running${ago}, attempt ${task.attempt} of ${task.max_attempts}; ${stepText(events)}.`);
    case "RETRY_WAIT":
      return say(waitText(task, events, ago, nowMs), task.available_at);
    case "SUCCEEDED":
      return say(`waits for nothing: it succeeded${when}; \`goclaw task show ${task.id}\` has the answer.`);
    case "CANCELED":
      return say(`waits for nothing: it was canceled${when}.`);
    case "FAILED":
    case "DEAD_LETTER":
      return say(endText(task, when));
    default:
      return unreachable(task.state);
  }
}

function queuedText({ reason_code: reason, priority }: WireTask, ago: string, daemonRuns: boolean): string {
  const back = reason === undefined ? "" : ` after ${meaningOf(reason)} (${reason})`;
  const next = daemonRuns
    ? `a lane takes it as soon as one is free (priority ${priority})`
    : "no daemon runs; `goclaw daemon start` starts one";
  return `waits in the queue${ago}${back}; ${next}.`;
}

/** What a running attempt does now, as far as the log knows. */
function stepText(events: readonly WireEvent[]): string {
  const last = events.at(-1);
  const tool = String(last?.payload.tool ?? "");
  if (last?.type === "tool.start") return `it waits for the tool ${tool}`;
  if (last?.type === "model.end") return "it acts on the model's answer";
  const route = events.findLast(({ type }) => type === "route.decided");
  const way = route === undefined ? "" : `; it ${eventText(route)}`;
  return `it waits for the model's answer${way}`;
}

function waitText(task: WireTask, events: readonly WireEvent[], ago: string, nowMs: number): string {
  const reason = task.reason_code ?? "";
  const cause = task.error?.message || meaningOf(reason);
  const left = durationText(Math.max(0, Date.parse(task.available_at) - nowMs));
  if (reason === "AWAITING_BUDGET") {
    const wakes = events.findLast((event) => event.state_to === "RETRY_WAIT")?.payload.wakes === true;
    const end = wakes ? "it is looked at again then" : "it fails with WAIT_EXPIRED then";
    const raise = cause.startsWith("API key ") ? "`goclaw key update`" : "config.yaml, and a restart";
    return `waits${ago} with ${reason}: ${plain(cause)}; until ${localTime(task.available_at)}, in ${left}: ${end}. A higher limit lets it go on at once: ${raise}.`;
  }
  const deadline = `${localTime(task.available_at)}, in ${left}`;
  if (reason === "AWAITING_CHILD") {
    const child = events.findLast(({ reason_code }) => reason_code === reason)?.payload.child;
    const look = typeof child === "string" ? `\`goclaw task why ${child}\` says what that waits for; ` : "";
    return `waits${ago} with ${reason}: ${plain(cause)}; ${look}it goes on without the answer at ${deadline}.`;
  }
  if (reason === "AWAITING_APPROVAL" || reason === "AWAITING_INPUT") {
    const asked = events.findLast(({ type }) => type === "approval.required")?.payload;
    return `waits for you${ago} with ${reason}: ${askText(asked)} before ${deadline}, or the agent is told that nobody answered.`;
  }
  if ((SUSPENSIONS as readonly string[]).includes(reason)) {
    const act =
      reason === "EFFECT_UNKNOWN"
        ? `say \`goclaw task resolve ${task.id} --happened\` or \`--did-not\``
        : "answer it";
    return `waits for you${ago} with ${reason}: ${plain(cause)}; ${act} before ${deadline}, or it fails with WAIT_EXPIRED.`;
  }
  const next = `attempt ${task.attempt + 1} of ${task.max_attempts} comes at ${localTime(task.available_at)}, in ${left}`;
  return `waits${ago} with ${reason}: ${plain(cause)}; ${next}, and there is nothing to do.`;
}

function askText(asked: WireEvent["payload"] | undefined): string {
  const id = String(asked?.approval ?? "ID");
  const show = `\`goclaw approvals show ${id}\``;
  return asked?.kind === "question"
    ? `the agent asks something, ${show} shows what; say \`goclaw approvals answer ${id} "…"\``
    : `${String(asked?.capability ?? "an act")} needs your yes, ${show} shows exactly what would be done; ` +
        `say \`goclaw approvals approve ${id}\` or \`goclaw approvals deny ${id}\``;
}

function endText(task: WireTask, when: string): string {
  const reason = task.reason_code ?? "";
  const code = task.error?.code ?? reason;
  const cause = task.error?.message || meaningOf(code);
  const advice = adviceFor(reason, task.id) ?? adviceFor(code, task.id);
  const words = task.state === "DEAD_LETTER" ? "was set aside" : "failed";
  const reasons = [...new Set([reason, code])].filter(Boolean).join(", ");
  return `waits for nothing: it ${words}${when} with ${reasons}: ${plain(cause)}.${advice ? ` ${advice}` : ""}`;
}

/** A message inside a sentence: without a full stop of its own. */
function plain(message: string): string {
  return message.trim().replace(/[.;\s]+$/, "");
}
