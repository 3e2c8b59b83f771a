// What each vendor refuses in a history, as far as a handover from another vendor could break it. An empty list means
// that the vendor would take the request.

import type { Dialect } from "./dialect.ts";

type Body = Record<string, unknown>;
type Entry = Record<string, unknown>;
type Complaints = (body: Body) => string[];

export const COMPLAINTS: Readonly<Record<Dialect["type"], Complaints>> = {
  openai: ofOpenAi,
  responses: ofResponses,
  anthropic: ofAnthropic,
  google: ofGoogle,
  ollama: ofOllama,
};

function ofOpenAi({ messages }: Body): string[] {
  const wrong: string[] = [];
  let open: string[] = [];
  const seen = new Set<string>();
  for (const message of messages as Entry[]) {
    if (message.role === "tool") {
      const id = String(message.tool_call_id);
      if (!open.includes(id)) wrong.push(`a result of ${id}, which is not an open call`);
      open = open.filter((each) => each !== id);
      continue;
    }
    if (open.length > 0) wrong.push(`calls without a result: ${open}`);
    open = list(message.tool_calls).map((call) => String(call.id));
    for (const id of open) wrong.push(...badId(id, /^[\w-]{1,40}$/, seen));
    if (message.content === null && open.length === 0) wrong.push("no content and no calls");
  }
  return wrong;
}

/** Nothing is stored: reasoning without its content, or with nothing after it, is an item that is not found. */
function ofResponses({ input, store, previous_response_id: previous }: Body): string[] {
  const wrong: string[] = store === false && previous === undefined ? [] : ["something is to be stored"];
  const open = new Set<string>();
  const seen = new Set<string>();
  const items = input as Entry[];
  for (const [index, item] of items.entries()) {
    const next = items[index + 1];
    switch (item.type ?? "message") {
      case "function_call":
        wrong.push(...badId(String(item.call_id), /^[\w-]{1,64}$/, seen));
        if (typeof item.arguments !== "string") wrong.push("arguments that are no text");
        open.add(String(item.call_id));
        break;
      case "function_call_output":
        if (!open.delete(String(item.call_id)))
          wrong.push(`a result of ${item.call_id}, which is not an open call`);
        break;
      case "reasoning":
        if (!item.encrypted_content || !item.id || !Array.isArray(item.summary))
          wrong.push(`reasoning ${item.id} is not found`);
        if (item.content !== undefined) wrong.push("reasoning in plain text");
        if (next === undefined || next.role === "user" || next.type === "function_call_output")
          wrong.push(`reasoning ${item.id} without the item it led to`);
        break;
      case "message":
        if (open.size > 0) wrong.push(`calls without a result: ${[...open]}`);
        if (item.id !== undefined && item.role !== "assistant")
          wrong.push(`an id on a message of ${item.role}`);
        if (item.content === undefined || item.content === null) wrong.push("a message without content");
        break;
      default:
        wrong.push(`an item of type ${item.type}`);
    }
  }
  if (open.size > 0) wrong.push(`calls without a result: ${[...open]}`);
  return wrong;
}

function ofAnthropic({ messages, tools, system }: Body): string[] {
  const wrong: string[] = [];
  const seen = new Set<string>();
  let open: string[] = [];
  let role = "assistant";
  for (const message of messages as Entry[]) {
    if (message.role === role) wrong.push(`two turns of ${role} in a row`);
    role = String(message.role);
    const blocks = list(message.content);
    if (blocks.length === 0) wrong.push("a turn without content");
    const results = blocks
      .filter(({ type }) => type === "tool_result")
      .map((block) => String(block.tool_use_id));
    if (results.join() !== open.join()) wrong.push(`results ${results} for calls ${open}`);
    const uses = blocks.filter(({ type }) => type === "tool_use");
    open = uses.map(({ id }) => String(id));
    for (const id of open) wrong.push(...badId(id, /^[a-zA-Z0-9_-]+$/, seen));
    for (const { input } of uses) if (!isObject(input)) wrong.push("arguments that are no object");
    for (const { type, text } of blocks) {
      if (type === "text" && String(text).trim() === "") wrong.push("an empty text block");
      if (type === "system" || type === "tool") wrong.push(`a block of type ${type}`);
    }
  }
  const marks = JSON.stringify([messages, tools, system]).match(/"cache_control"/g)?.length ?? 0;
  if (marks > 4) wrong.push(`${marks} marks for the cache`);
  return wrong;
}

function ofGoogle({ contents }: Body): string[] {
  const wrong: string[] = [];
  let open: Entry[] = [];
  for (const content of contents as Entry[]) {
    const parts = list(content.parts);
    if (parts.length === 0) wrong.push("a turn without parts");
    const responses = parts.flatMap((part) =>
      isObject(part.functionResponse) ? [part.functionResponse] : [],
    );
    const names = (entries: Entry[]): string => entries.map(({ name, id }) => `${name}:${id ?? ""}`).join();
    if (names(responses) !== names(open)) wrong.push(`results ${names(responses)} for calls ${names(open)}`);
    const calls = parts.filter((part) => part.functionCall !== undefined);
    open = calls.map(({ functionCall }) => functionCall as Entry);
    if (calls[0] !== undefined && !calls[0].thoughtSignature)
      wrong.push("a call without a thought signature");
    if (parts.some(({ text, ...rest }) => text === "" && Object.keys(rest).length === 0))
      wrong.push("an empty part");
  }
  return wrong;
}

function ofOllama({ messages }: Body): string[] {
  const wrong: string[] = [];
  let open: string[] = [];
  for (const message of messages as Entry[]) {
    if (message.role === "tool") {
      if (open.shift() !== message.tool_name) wrong.push(`a result of ${message.tool_name} out of order`);
      continue;
    }
    if (open.length > 0) wrong.push(`calls without a result: ${open}`);
    const calls = list(message.tool_calls).map(({ function: called }) => called as Entry);
    for (const call of calls) if (!isObject(call.arguments)) wrong.push("arguments that are no object");
    open = calls.map(({ name }) => String(name));
  }
  return wrong;
}

function badId(id: string, legal: RegExp, seen: Set<string>): string[] {
  const wrong = [
    ...(legal.test(id) ? [] : [`the id ${id}`]),
    ...(seen.has(id) ? [`the id ${id} twice`] : []),
  ];
  seen.add(id);
  return wrong;
}

function list(value: unknown): Entry[] {
  return Array.isArray(value) ? (value as Entry[]) : [];
}

function isObject(value: unknown): value is Entry {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
