// A client's conversation as messages here. Every result must answer a call that stands before it and every call must be
// answered, because vendors refuse the rest; what is refused is named by its place.

import type { ContentPart, Message, ToolCall } from "../domain/message.ts";
import { ParamError } from "./errors.ts";
import { readImage } from "./passage-image.ts";

interface TextPart {
  readonly type: "text";
  readonly text: string;
}
interface ImagePart {
  readonly type: "image_url";
  readonly image_url: { readonly url: string; readonly detail?: "auto" | "low" | "high" };
}
interface RefusalPart {
  readonly type: "refusal";
  readonly refusal: string;
}

type Content<Part> = string | readonly Part[];

interface WireCall {
  readonly id: string;
  readonly function: { readonly name: string; readonly arguments: string };
}

/** As the schema of the body lets it through. */
export type WireMessage =
  | { readonly role: "system" | "developer"; readonly content: Content<TextPart>; readonly name?: string }
  | { readonly role: "user"; readonly content: Content<TextPart | ImagePart>; readonly name?: string }
  | {
      readonly role: "assistant";
      readonly content?: Content<TextPart | RefusalPart> | null;
      readonly refusal?: string | null;
      readonly name?: string;
      readonly tool_calls?: readonly WireCall[] | null;
    }
  | { readonly role: "tool"; readonly content: Content<TextPart>; readonly tool_call_id: string };

export function readMessages(given: readonly WireMessage[]): Message[] {
  /** Calls of the last assistant message that no result has answered yet, by id. */
  let open = new Map<string, string>();
  const messages = given.map((message, index): Message => {
    const at = `messages.${index}`;
    if (message.role === "tool") return readResult(message, at, open);
    refuseOpen(open, at);
    const speaker = message.name === undefined ? {} : { speaker: message.name };
    if (message.role === "user") return { role: "user", ...readUser(message.content, at), ...speaker };
    if (message.role !== "assistant") return { role: "system", text: textOf(message.content), ...speaker };
    const toolCalls = (message.tool_calls ?? []).map(readCall);
    open = openCalls(toolCalls, at);
    const text = assistantText(message.content, message.refusal);
    // A model may have answered with nothing, and its answer comes back as it was.
    if (text === "" && toolCalls.length === 0 && message.content !== "") throw empty(`${at}.content`);
    return { role: "assistant", text, toolCalls, ...speaker };
  });
  refuseOpen(open, "messages");
  return messages;
}

function readResult(
  { tool_call_id: callId, content }: Extract<WireMessage, { role: "tool" }>,
  at: string,
  open: Map<string, string>,
): Message {
  const name = open.get(callId);
  if (name === undefined) {
    const param = `${at}.tool_call_id`;
    const why = "the assistant message before it has no such call, or it was answered already";
    throw new ParamError(param, `${param}: ${JSON.stringify(callId)}: ${why}`);
  }
  open.delete(callId);
  return { role: "tool", callId, name, text: textOf(content) };
}

function refuseOpen(open: ReadonlyMap<string, string>, at: string): void {
  const [id] = open.keys();
  if (id === undefined) return;
  throw new ParamError(at, `${at}: no tool message answers the call ${JSON.stringify(id)} before it`);
}

function openCalls(calls: readonly ToolCall[], at: string): Map<string, string> {
  const open = new Map<string, string>();
  for (const [index, { id, name }] of calls.entries()) {
    const param = `${at}.tool_calls.${index}.id`;
    if (open.has(id)) throw new ParamError(param, `${param}: two calls have the id ${JSON.stringify(id)}`);
    open.set(id, name);
  }
  return open;
}

/** A model may have written arguments that are no JSON, and its call comes back as it was. */
function readCall({ id, function: { name, arguments: argumentsText } }: WireCall): ToolCall {
  return { id, name, argumentsText };
}

function readUser(content: Content<TextPart | ImagePart>, at: string) {
  if (typeof content === "string") {
    if (content === "") throw empty(`${at}.content`);
    return { text: content };
  }
  const parts = content.map((part, index): ContentPart => {
    if (part.type === "text") return { type: "text", text: part.text };
    return readImage(part.image_url, `${at}.content.${index}.image_url`);
  });
  const text = textOf(content.filter((part) => part.type === "text"));
  const isOnlyText = parts.every((part) => part.type === "text");
  if (isOnlyText && text === "") throw empty(`${at}.content`);
  return isOnlyText ? { text } : { text, parts };
}

function empty(param: string): ParamError {
  return new ParamError(param, `${param}: it is empty`);
}

function assistantText(
  content: Content<TextPart | RefusalPart> | null | undefined,
  refusal: string | null | undefined,
): string {
  if (typeof content === "string" && content !== "") return content;
  const said = Array.isArray(content) ? content : [];
  const text = said.map((part) => (part.type === "text" ? part.text : part.refusal)).join("");
  return text === "" ? (refusal ?? "") : text;
}

function textOf(value: Content<TextPart>): string {
  return typeof value === "string" ? value : value.map(({ text }) => text).join("");
}
