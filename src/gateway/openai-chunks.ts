// The chunks of one streamed chat completion, from its role to [DONE]. The status line waits for the first sign of an
// answer, so that what fails at once is an HTTP error; after that an error is a last event without [DONE].

import type { GoclawError } from "../domain/error.ts";
import { sendRawError, wireError } from "./errors.ts";
import { whenGone } from "./gone.ts";
import type { Completion } from "./openai-completion.ts";
import { openStream, toLine } from "./stream.ts";

export interface Chunks {
  send(delta: Readonly<Record<string, unknown>>): void;
  /** `usage` undefined: nobody asked for it; null: the vendor told none. */
  finish(reason: string, usage: object | null | undefined): void;
  fail(error: GoclawError): void;
}

/** Clients give up on a response without a status line; a task that still waits for a lane is told as `pending`. */
const HEADERS_PATIENCE_MS = 10_000;

export function openChunks({ reply, chat, taskId, answerer }: Completion, nowMs: number): Chunks {
  reply.hijack();
  const created = Math.floor(nowMs / 1000);
  const base = { id: `chatcmpl-${taskId}`, object: "chat.completion.chunk", created, model: chat.model };
  let stream: ReturnType<typeof openStream> | undefined;
  let over = false;

  const chunk = (delta: object, finish: string | null): void => {
    const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
    stream?.send(toLine({ ...base, choices, ...(chat.includeUsage ? { usage: null } : {}) }));
  };
  /** An answer that begins with something else than text may have none. */
  const begin = (content: "" | null): void => {
    if (stream !== undefined || over) return;
    clearTimeout(patience);
    stream = openStream(reply.raw, answerer.headers(), end);
    chunk({ role: "assistant", content, refusal: null }, null);
  };
  const end = (): void => {
    over = true;
    clearTimeout(patience);
    stream?.end();
  };
  const patience = setTimeout(() => begin(""), HEADERS_PATIENCE_MS);
  whenGone(reply.raw, end);
  return {
    send: (delta) => {
      if (over) return;
      begin("content" in delta ? "" : null);
      chunk(delta, null);
    },
    finish: (reason, usage) => {
      if (over) return;
      begin("");
      chunk({}, reason);
      if (usage !== undefined) stream?.send(toLine({ ...base, choices: [], usage }));
      stream?.send("[DONE]");
      end();
    },
    fail: (error) => {
      if (over) return;
      if (stream === undefined) sendRawError(reply, error, answerer.headers());
      else stream.send(toLine(wireError(error.code, error.message)));
      end();
    },
  };
}
