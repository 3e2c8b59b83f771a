// What a session has read decides what it may still do unasked: with text from outside in it, nothing that runs; with
// private data as well, nothing that carries data out. Only raises an allow to a question, or says why one is asked.

import type { Decision, PolicyRequest } from "./decision.ts";

/** The rule for files that make other programs run something. */
export const FILES_THAT_RUN = "built in: files that run";

export function judgeTaint(decided: Decision, request: PolicyRequest): Decision {
  const { labels, isOutgoing, touches } = request;
  const read = readText(request);
  const allowed = `(${decided.rule} allows it otherwise)`;
  if (isOutgoing && labels.includes("untrusted") && labels.includes("private")) {
    if (decided.effect !== "allow") return decided;
    const reason = `${read} and private data, and this act would carry data out ${allowed}`;
    const rule = "taint: untrusted + private + outgoing";
    return { ...decided, effect: "ask", code: "TAINT_EGRESS", rule, reason };
  }
  if (!labels.includes("outside")) return decided;
  if (decided.effect === "ask" && decided.rule === FILES_THAT_RUN)
    return { ...decided, code: "TAINT_EXEC", reason: `${read}; ${decided.reason}` };
  if (decided.effect !== "allow" || touches.every(({ command }) => command === undefined)) return decided;
  const reason = `${read}, and may have been told by it what to run ${allowed}`;
  return { ...decided, effect: "ask", code: "TAINT_EXEC", rule: "taint: outside + command", reason };
}

function readText({ sources = [] }: PolicyRequest): string {
  const named = sources.length === 0 ? "" : ` (${sources.join(", ")})`;
  return `this session has read text from outside${named}`;
}
