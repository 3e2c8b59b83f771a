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
      return [reasonText(reason), textOf(payload.message)].filter(Boolean).join(": ") || event.type;
    case "route.decided":
      return routeText(event);
    case "model.start":
      return startText(event);
    case "model.billed":
      return billedText(event);
    case "context.compacted":
      return compactedText(event);
    case "model.seam":
      return seamText(event);
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
      return [event.type, reasonText(reason)].filter(Boolean).join(": ");
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
  const { layer, rule, tier } = payload;
  const steps = Array.isArray(payload.steps)
    ? (payload.steps as { verdict?: unknown; reason?: unknown }[])
    : [];
  const reason = textOf(steps.find(({ verdict }) => verdict === "matched")?.reason);
  const where = typeof tier === "string" ? `tier ${tier}, ` : "";
  const why = reason === "" ? "" : `: ${reason}`;
  return `goes to ${where}${linkText(payload)} by ${textOf(layer)} (${textOf(rule)})${why}`;
}

function modelText({ payload }: WireEvent): string {
  const calls = Number(payload.tool_calls ?? 0);
  const tools = calls === 0 ? "no tool call" : calls === 1 ? "1 tool call" : `${calls} tool calls`;
  const turn = Number(payload.turn) + 1;
  return `answer of turn ${turn} written: ${textOf(payload.model)}, ${tools}${tokensText(payload)}`;
}

function seamText({ payload }: WireEvent): string {
  const [from, to] = [textOf(payload.from), textOf(payload.to)];
  return `${from === to ? `${to} is asked once more` : `${to} goes on for ${from}`}: ${textOf(payload.message)}`;
}

function startText({ payload }: WireEvent): string {
  const { passed_over: skipped = [] } = payload;
  const spent = Array.isArray(skipped) && skipped.length > 0 ? skipped.map(textOf).join(", ") : "";
  return `asks ${linkText(payload)}${spent && `; the budgets of ${spent} are used up`}`;
}

function billedText({ payload }: WireEvent): string {
  const tokens = tokensText(payload);
  const billed = tokens === "" ? "may be billed" : `is billed${tokens}`;
  return `${linkText(payload)} brought nothing usable (${textOf(payload.error_class)}) and ${billed}`;
}

function compactedText({ payload }: WireEvent): string {
  const count = Number(payload.messages);
  const what = count === 1 ? "1 older message" : `${count} older messages`;
  return `${what} became a summary by ${linkText(payload)}${tokensText(payload)}`;
}

function linkText({ provider, model }: WireEvent["payload"]): string {
  return `${textOf(provider)}/${textOf(model)}`;
}

function tokensText({ input_tokens: tokensIn, output_tokens: tokensOut }: WireEvent["payload"]): string {
  return typeof tokensIn === "number" ? `, ${tokensIn} tokens in and ${tokensOut} out` : "";
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
