// Answers that must be data: what the model is told, whether its last answer fits, and how it is asked again. The verdict
// is a function of the journal alone, so that a task which is resumed goes on where it was.

import { messageOf } from "../domain/error.ts";
import type { Answer, Message } from "../domain/message.ts";
import type { OutputSpec } from "../domain/output.ts";
import type { TaskResult } from "../domain/task.ts";
import { findJson } from "./json-text.ts";

export type Verdict =
  | { readonly type: "result"; readonly result: TaskResult }
  /** To add to the conversation before the model is asked again. */
  | { readonly type: "again"; readonly messages: readonly Message[] }
  | { readonly type: "failed"; readonly code: "STRUCTURED_OUTPUT_INVALID"; readonly message: string };

/** Judges an answer without tool calls; `retries` were made before it. */
export async function judge(output: OutputSpec, answer: Answer, retries: number): Promise<Verdict> {
  const { violationsOf } = await import("./schema-check.ts");
  // Of several pieces that do not fit the longest is the one that was meant; the others are asides.
  let meant: { readonly length: number; readonly wrong: readonly string[] } | undefined;
  for (const { text, value } of findJson(answer.text)) {
    let wrong: readonly string[];
    try {
      wrong = violationsOf(output.schema, value);
    } catch (error) {
      return failed([`an answer could not be checked: ${messageOf(error)}`], retries + 1);
    }
    if (wrong.length === 0) return { type: "result", result: { text, structured: value } };
    if (meant === undefined || text.length > meant.length) meant = { length: text.length, wrong };
  }
  const violations = meant?.wrong ?? [`the answer has no JSON value${howItEnded(answer)}`];
  if (retries >= output.maxRetries) return failed(violations, retries + 1);
  return { type: "again", messages: askAgain(answer, violations) };
}

function howItEnded({ stopReason }: Answer): string {
  return stopReason === "length" ? "; it was cut off at the limit of its length" : "";
}

function failed(violations: readonly string[], times: number): Verdict {
  const asked = times === 1 ? "was asked once" : `was asked ${times} times`;
  const message =
    `the model ${asked}, and its answer still does not fit the schema: ${violations.join("; ")}; ` +
    "simplify the schema, use a stronger model, or raise structured_output.max_retries";
  return { type: "failed", code: "STRUCTURED_OUTPUT_INVALID", message };
}

function askAgain({ text, continuation }: Answer, violations: readonly string[]): Message[] {
  const list = violations.map((violation) => `- ${violation}`).join("\n");
  const request =
    `Your answer does not fit the JSON Schema it has to fit:\n${list}\n` +
    "Answer again with the whole corrected JSON value and nothing else.";
  // Vendors refuse an assistant's message that says nothing.
  const said: Message[] =
    text === "" ? [] : [{ role: "assistant", text, toolCalls: [], ...(continuation && { continuation }) }];
  return [...said, { role: "user", text: request, isReask: true }];
}

/** The agent's words, and what its final answer must be. Also for vendors that are told the schema by other means. */
export function soulFor(soul: string, output: OutputSpec | null): string {
  if (output === null) return soul;
  const rule =
    "Your final answer must be one JSON value and nothing else: no words around it and no code fence. " +
    `It must fit this JSON Schema:\n${JSON.stringify(output.schema)}`;
  return soul === "" ? rule : `${soul}\n\n${rule}`;
}

/** Why a schema cannot be used; undefined when it can. */
export async function schemaFault(schema: Readonly<Record<string, unknown>>): Promise<string | undefined> {
  return (await import("./schema-check.ts")).faultOf(schema);
}

/** The same of a schema that somebody else will use: only whether it is one. */
export async function shapeFault(schema: Readonly<Record<string, unknown>>): Promise<string | undefined> {
  return (await import("./schema-check.ts")).shapeFaultOf(schema);
}
