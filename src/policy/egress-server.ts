// HTTP to one server that the operator wrote into config.yaml: never to another origin, whatever the server says, and no
// more of an answer than a limit. Because the operator chose the address, it is not judged.

import { GoclawError } from "../domain/error.ts";

export interface ServerFetchOptions {
  readonly url: string;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of one JSON body, or of one event of a stream. */
  readonly messageBytes: number;
  /** Of a stream, in a second. */
  readonly eventsPerSecond: number;
  readonly monoMs: () => number;
  /** Told once with why an answer is cut off; what came of it is dropped. */
  readonly onCut: (why: string) => void;
}

export type ServerFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

export function createServerFetch(options: ServerFetchOptions): ServerFetch {
  const { origin } = new URL(options.url);
  return async (url, init = {}) => {
    const target = new URL(url);
    if (target.origin !== origin) {
      throw new GoclawError(
        "CAP_DENIED",
        `the server at ${origin} names ${target.origin}; nothing is sent there`,
      );
    }
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries(options.headers)) headers.set(name, value);
    const response = await fetch(target, { ...init, headers, redirect: "error" });
    return limit(response, options);
  };
}

function limit(response: Response, options: ServerFetchOptions): Response {
  const { messageBytes, eventsPerSecond, monoMs, onCut } = options;
  if (response.body === null) return response;
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  let bytes = 0;
  let events = 0;
  let secondMs = monoMs();
  const isFlood = (chunk: Uint8Array): boolean => {
    if (!isStream) return false;
    if (monoMs() - secondMs >= 1_000) [secondMs, events] = [monoMs(), 0];
    events += countEvents(chunk);
    return events > eventsPerSecond;
  };
  const counted = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        const from = isStream ? lastEventEnd(chunk) : 0;
        bytes = from > 0 ? chunk.length - from : bytes + chunk.length;
        const why =
          bytes > messageBytes
            ? `it sent a message of more than ${messageBytes} bytes`
            : isFlood(chunk)
              ? "it floods with notifications"
              : undefined;
        if (why === undefined) return controller.enqueue(chunk);
        onCut(why);
        controller.error(new GoclawError("LIMIT_SIZE", why));
      },
    }),
  );
  const { status, statusText, headers } = response;
  const limited = new Response(counted, { status, statusText, headers });
  Object.defineProperty(limited, "url", { value: response.url });
  return limited;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Every event ends with an empty line; one that the border of two chunks halves is not counted. */
function countEvents(chunk: Uint8Array): number {
  let count = 0;
  for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1))
    if (chunk[at + 1] === NEWLINE || (chunk[at + 1] === RETURN && chunk[at + 2] === NEWLINE)) count++;
  return count;
}

/** Where the part of the chunk begins that no empty line has ended; 0 when none is in it. */
function lastEventEnd(chunk: Uint8Array): number {
  for (let at = chunk.lastIndexOf(NEWLINE); at > 0; at = chunk.lastIndexOf(NEWLINE, at - 1)) {
    const before = chunk[at - 1];
    if (before === NEWLINE || (before === RETURN && chunk[at - 2] === NEWLINE)) return at + 1;
  }
  return 0;
}
