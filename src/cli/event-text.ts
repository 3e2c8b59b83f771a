// One event as a phrase for people. What is not known here (an event of a newer daemon) is shown by its name.

import type { WireEvent } from "../rpc/wire.ts";
import { meaningOf } from "./advice.ts";
import { safeLine } from "./safe-text.ts";
import { durationText, localTime } from "./time-text.ts";

export function eventText(event: WireEvent): string {
  return safeLine(phrase(event));
}

function phrase(event: WireEvent): string {
  const { attempt, reason_code: reason, payload } = event;
  switch (event.type) {
    case "task.enqueued":
      return "accepted; it waits for a lane";
    case "task.claimed":
      return `claimed by a lane, attempt ${attempt}`;
    case "task.running":
      return "running";
    case "task.succeeded":
      return "succeeded";
    case "task.retry_wait":
      return waitText(event);
    case "task.requeued":
      return `back in the queue: ${reasonText(reason)}`;
    case "task.failed":
    case "task.dead_letter":
    case "task.canceled":
      return [reasonText(reason), textOf(payload.message)].filter(Boolean).join(": ");
    case "route.decided":
      return routeText(event);
    case "model.seam":
      return `${textOf(payload.to)} goes on for ${textOf(payload.from)}: ${textOf(payload.message)}`;
    case "model.end":
      return modelText(event);
    case "tool.start":
      return `${textOf(payload.tool)}: intent written (${textOf(payload.class)}); the act follows`;
    case "tool.end":
      return `${textOf(payload.tool)}: outcome written, ${textOf(payload.status)}`;
    case "tool.refused":
      return `${textOf(payload.tool)}: refused, ${reasonText(reason)}`;
    case "approval.required":
      return payload.kind === "question"
        ? `asks you: goclaw approvals show ${textOf(payload.approval)}`
        : `asks you about ${textOf(payload.capability)}: goclaw approvals show ${textOf(payload.approval)}`;
    case "approval.updated":
      return `approval ${textOf(payload.approval)} is ${textOf(payload.status)}${by(payload.by)}`;
    case "effect.resolved":
      return `an operator said that it ${payload.outcome === "happened" ? "happened" : "did not happen"}`;
    default:
      return reasonText(reason);
  }
}

function waitText({ reason_code: reason, payload }: WireEvent): string {
  const why = textOf(payload.message) || reasonText(reason);
  if (typeof payload.delay_ms === "number") {
    return `waits ${durationText(payload.delay_ms)} for its next attempt: ${why} (${reason})`;
  }
  const until =
    typeof payload.deadline_at === "number"
      ? `, at most until ${localTime(new Date(payload.deadline_at).toISOString())}`
      : "";
  return `waits${until}: ${why} (${reason})`;
}

function routeText({ payload }: WireEvent): string {
  const { layer, rule, tier, provider, model } = payload;
  const steps = Array.isArray(payload.steps)
    ? (payload.steps as { verdict?: unknown; reason?: unknown }[])
    : [];
  const reason = textOf(steps.find(({ verdict }) => verdict === "matched")?.reason);
  const where = typeof tier === "string" ? `tier ${tier}, ` : "";
  const why = reason === "" ? "" : `: ${reason}`;
  return `goes to ${where}${textOf(provider)}/${textOf(model)} by ${textOf(layer)} (${textOf(rule)})${why}`;
}

function modelText({ payload }: WireEvent): string {
  const calls = Number(payload.tool_calls ?? 0);
  const tools = calls === 0 ? "no tool call" : calls === 1 ? "1 tool call" : `${calls} tool calls`;
  const tokens =
    typeof payload.input_tokens === "number"
      ? `, ${payload.input_tokens} tokens in and ${payload.output_tokens} out`
      : "";
  return `answer of turn ${Number(payload.turn) + 1} written: ${textOf(payload.model)}, ${tools}${tokens}`;
}

function reasonText(reason: string | undefined): string {
  return reason === undefined ? "" : `${meaningOf(reason)} (${reason})`;
}

function by(who: unknown): string {
  return textOf(who) === "" ? "" : ` by ${textOf(who)}`;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
