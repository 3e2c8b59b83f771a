// A server-sent event stream (WHATWG HTML 9.2) with a heartbeat and a bounded buffer: a client that does not read is
// cut off instead of filling memory; what it missed can be resumed from the log.

import type { ServerResponse } from "node:http";
import { whenGone } from "./gone.ts";

export interface EventStream {
  /** `name` and `id` are ours; `data` is one line of JSON. */
  send(data: string, name?: string, id?: number): void;
  /** A promise of the moment the client has read what was sent; undefined while it keeps up. */
  pressure(): Promise<void> | undefined;
  end(): void;
}

const HEARTBEAT_MS = 15_000;
const BUFFER_BYTES = 1_048_576;
const FLUSH_CHARS = 65_536;

/** Takes the response over; `onClose` runs once, when either side ends it. */
export function openStream(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  onClose: () => void,
): EventStream {
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    ...headers,
  });
  response.flushHeaders();
  const heartbeat = setInterval(() => write(": heartbeat\n\n"), HEARTBEAT_MS);
  whenGone(response, () => {
    clearInterval(heartbeat);
    onClose();
  });

  // What is sent in one turn of the event loop goes out as one write.
  let pending = "";
  const flush = (): void => {
    const text = pending;
    pending = "";
    if (text === "" || response.destroyed || response.writableEnded) return;
    // What one write adds may be large; a client that has not read the writes before it is too slow.
    if (response.writableLength > BUFFER_BYTES) response.destroy();
    else response.write(text);
  };
  const write = (text: string): void => {
    if (pending === "") process.nextTick(flush);
    pending += text;
    if (pending.length > FLUSH_CHARS) flush();
  };
  return {
    send: (data, name, id) => {
      const head = `${id === undefined ? "" : `id: ${id}\n`}${name === undefined ? "" : `event: ${name}\n`}`;
      write(`${head}data: ${data}\n\n`);
    },
    pressure: () => {
      if (!response.writableNeedDrain) return undefined;
      return new Promise((resolve) => {
        response.once("drain", resolve);
        response.once("close", resolve);
      });
    },
    end: () => {
      clearInterval(heartbeat);
      flush();
      if (!response.writableEnded) response.end();
    },
  };
}

/** JSON on one line; U+2028 and U+2029 are escaped for clients that split lines on them. */
export function toLine(value: unknown): string {
  return JSON.stringify(value)
    .replace(/\u2028/g, "\\u2028")
    .replace(/\u2029/g, "\\u2029");
}
