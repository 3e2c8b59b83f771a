// Keeps the beginning and the end of a stream in bounded memory, and reads and drops the rest, so that a program can
// always go on writing.

import type { Readable } from "node:stream";

export interface Captured {
  readonly head: Buffer;
  /** What follows `head`, or what follows the gap. */
  readonly tail: Buffer;
  /** Bytes between them that were not kept. */
  readonly droppedBytes: number;
}

export interface Capture {
  /** Resolves when the stream has ended or broken. */
  readonly ended: Promise<void>;
  /** Stops reading and returns what there is. */
  take(): Captured;
}

/** A program that writes single bytes costs no more than one that writes pages. */
const CHUNKS_MAX = 256;

export function captureStream(stream: Readable, bytesMax: number): Capture {
  const half = Math.floor(bytesMax / 2);
  const head: Buffer[] = [];
  const tail: Buffer[] = [];
  let headBytes = 0;
  let tailBytes = 0;
  let droppedBytes = 0;
  stream.on("data", (chunk: Buffer) => {
    const own = chunk.subarray(0, half - headBytes);
    if (own.length > 0) head.push(Buffer.from(own));
    headBytes += own.length;
    const rest = chunk.subarray(own.length);
    if (rest.length === 0) return;
    tail.push(rest);
    tailBytes += rest.length;
    if (tail.length > CHUNKS_MAX) tail.splice(0, tail.length, Buffer.concat(tail));
    for (let first = tail[0]; first !== undefined && tailBytes > half; first = tail[0]) {
      const over = Math.min(tailBytes - half, first.length);
      droppedBytes += over;
      tailBytes -= over;
      if (over < first.length) tail[0] = first.subarray(over);
      else tail.shift();
    }
  });
  const ended = new Promise<void>((resolve) => stream.once("close", resolve));
  const take = (): Captured => {
    stream.destroy();
    return { head: Buffer.concat(head), tail: Buffer.concat(tail), droppedBytes };
  };
  return { ended, take };
}
