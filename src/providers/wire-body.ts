// The body of an answer, passed on byte by byte under limits: how much in all, how long one line, valid UTF-8, and how
// long a silence. A compressed body is measured after unpacking, so that a bomb stops at the limit.

import type { CallClock } from "./timeouts.ts";

const MAX_BODY_BYTES = 64 * 1024 * 1024;
/** One line is one event, or one document. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const MAX_REFUSAL_BYTES = 64 * 1024;
const DRAIN_BYTES = 64 * 1024;
const DRAIN_MS = 250;
const NEWLINE = 0x0a;
/** No event has so many empty lines; unpacked from a bomb they would keep the SDK's parser busy for long. */
const EMPTINESS = "\n".repeat(256);

/** Each tells the clock and makes the error that the reader of the body gets. */
export interface BodyFaults {
  readonly malformed: (what: string) => Error;
  readonly broken: (error: unknown) => Error;
}

export function guardBody(
  body: ReadableStream<Uint8Array>,
  clock: CallClock,
  faults: BodyFaults,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const limits = createLimits();
  let begun = false;
  let released = false;
  const release = (): void => {
    if (!released) void drain(reader);
    released = true;
  };
  clock.onComplete(release);
  return new ReadableStream(
    {
      pull: async (out) => {
        // The first byte's time began with the request; a slow reader of ours is never the vendor's silence.
        if (begun) clock.enter("idle");
        const next = await reader.read().catch((error: unknown) => faults.broken(error));
        clock.pause();
        begun = true;
        if (next instanceof Error) return out.error(next);
        const wrong = limits.check(next.value);
        if (wrong !== undefined) return out.error(faults.malformed(wrong));
        if (next.value === undefined) out.close();
        else out.enqueue(next.value);
      },
      cancel: release,
    },
    { highWaterMark: 0 },
  );
}

interface Limits {
  /** What is wrong with the answer so far; undefined as the chunk means that it is over. */
  check(chunk: Uint8Array | undefined): string | undefined;
}

function createLimits(): Limits {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let total = 0;
  let line = 0;
  return {
    check: (chunk) => {
      try {
        if (chunk === undefined) decoder.decode();
        else decoder.decode(chunk, { stream: true });
      } catch {
        return "sent bytes that are not UTF-8 text";
      }
      if (chunk === undefined) return undefined;
      total += chunk.length;
      const first = chunk.indexOf(NEWLINE);
      line += first === -1 ? chunk.length : first;
      const longest = line;
      if (first !== -1) line = chunk.length - chunk.lastIndexOf(NEWLINE) - 1;
      if (longest > MAX_LINE_BYTES) return `sent one event of more than ${MAX_LINE_BYTES} bytes`;
      if (first !== -1 && asBuffer(chunk).includes(EMPTINESS)) return "sent nothing but empty lines";
      if (total > MAX_BODY_BYTES) return `sent more than ${MAX_BODY_BYTES} bytes`;
      return undefined;
    },
  };
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

/** Reads what little may follow a complete answer, so that the connection can serve the next call. */
async function drain(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const cancel = (): void => void reader.cancel().catch(() => {});
  const timer = setTimeout(cancel, DRAIN_MS);
  try {
    for (let bytes = 0; bytes < DRAIN_BYTES; ) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.length;
    }
    cancel();
  } catch {
    // The answer was complete; how its connection ends does not matter.
  } finally {
    clearTimeout(timer);
  }
}

/** The beginning of a refusal's body. What breaks off or is too long is cut there. */
export async function readStart(body: ReadableStream<Uint8Array>): Promise<string> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  try {
    for (let bytes = 0; bytes < MAX_REFUSAL_BYTES; ) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      bytes += value.length;
    }
  } catch {
    // The status is known and says enough.
  }
  void reader.cancel().catch(() => {});
  return Buffer.concat(chunks).toString("utf8");
}
