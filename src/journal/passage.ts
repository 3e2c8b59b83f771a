// A client's own request as it was taken in, kept until its task has ended and not a moment longer; and what the vendor
// signed of the answers that the client sends back as its history, which the client itself was never shown.

import { createHash } from "node:crypto";
import type { Answer, Continuation, Message } from "../domain/message.ts";
import type { Passage } from "../domain/passage.ts";
import type { Reader } from "../store/reader.ts";

const LOAD_SQL = "SELECT request FROM passages WHERE task_id = @taskId";

/** Undefined once the task has ended, even if somebody brings it back. */
export function loadPassage(
  reader: Reader,
  { id, keyId }: { readonly id: string; readonly keyId: string | null },
): Passage | undefined {
  const row = reader.get<{ request: string }>(LOAD_SQL, { taskId: id });
  if (row === undefined) return undefined;
  const passage = JSON.parse(row.request) as Passage;
  return { ...passage, messages: passage.messages.map((message) => recall(reader, message, keyId)) };
}

const RECALL_SQL = "SELECT continuation FROM answers WHERE mark = @mark ORDER BY at DESC LIMIT 1";

/** Vendors refuse their own calls without what they signed of them. */
function recall(reader: Reader, message: Message, keyId: string | null): Message {
  if (message.role !== "assistant" || message.toolCalls.length === 0) return message;
  const row = reader.get<{ continuation: string }>(RECALL_SQL, { mark: markOf(message, keyId) });
  return row === undefined
    ? message
    : { ...message, continuation: JSON.parse(row.continuation) as Continuation };
}

/** The same for the answer and for what a client makes of it; other people's answers have other marks. */
export function markOf(
  { text, toolCalls }: Pick<Answer, "text" | "toolCalls">,
  keyId: string | null,
): string {
  const calls = toolCalls.map(({ id, name, argumentsText }) => [id, name, compact(argumentsText)]);
  return createHash("sha256")
    .update(JSON.stringify([keyId, text, calls]))
    .digest("base64url");
}

/** Clients write arguments that they have parsed with other spaces. */
function compact(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return json;
  }
}
