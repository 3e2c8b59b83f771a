// Reads a body while counting: as it comes and as it decodes, at most two layers deep. What is over the limit is never
// held, whatever Content-Length says, and what came before is kept.

import { Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { messageOf } from "../domain/error.ts";
import type { Shortfall } from "./egress-request.ts";

export type Body = NodeJS.ReadableStream;

type Decoder = ReturnType<typeof createGunzip>;

const LAYERS_MAX = 2;

const DECODERS: Readonly<Record<string, () => Decoder>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** Why a body cannot be decoded, or its decoders in the order of use. */
export function decodersOf(encoding: string | undefined): Shortfall | readonly (() => Decoder)[] {
  const layers = (encoding ?? "")
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "identity");
  if (layers.length > LAYERS_MAX) {
    return { code: "LIMIT_SIZE", why: `the answer is compressed ${layers.length} times over` };
  }
  const unknown = layers.find((name) => !Object.hasOwn(DECODERS, name));
  if (unknown !== undefined)
    return { code: null, why: `the answer is encoded as ${JSON.stringify(unknown)}` };
  return layers.reverse().flatMap((name) => DECODERS[name] ?? []);
}

/** Nothing came at all: an encoding was named for a body that is not there. */
class Nothing extends Error {}

class OverLimit extends Error {}

export async function readBody(
  body: Body,
  decoders: ReturnType<typeof decodersOf>,
  limitBytes: number,
): Promise<{ readonly body: Uint8Array; readonly shortfall: Shortfall | null }> {
  if ("why" in decoders) return { body: new Uint8Array(), shortfall: decoders };
  let kept: Buffer = Buffer.alloc(0);
  let bytes = 0;
  const collect = new Writable({
    write: (part: Buffer, _encoding, done) => {
      const room = limitBytes - bytes;
      kept = withRoom(kept, bytes, Math.min(part.length, room));
      // Copied: a part is a view, and however small it holds on to all that was received with it.
      bytes += part.copy(kept, bytes, 0, room);
      done(part.length > room ? new OverLimit() : null);
    },
  });
  // Bytes as they come count too: a compressed stream may go on for ever without saying anything.
  const decoding =
    decoders.length === 0 ? [] : [countUpTo(limitBytes), ...decoders.map((create) => create())];
  const shortfall = await pipeline([body, ...decoding, collect]).then(
    () => null,
    (error: unknown): Shortfall | null => {
      if (error instanceof Nothing) return null;
      return error instanceof OverLimit
        ? { code: "LIMIT_SIZE", why: `the answer is larger than ${limitBytes} bytes` }
        : { code: null, why: `the answer broke off: ${messageOf(error)}` };
    },
  );
  return { body: kept.subarray(0, bytes), shortfall };
}

/** The same bytes with space for so many more, doubled where it grows. */
function withRoom(kept: Buffer, used: number, more: number): Buffer {
  if (used + more <= kept.length) return kept;
  const grown = Buffer.alloc(Math.max(used + more, 2 * kept.length));
  kept.copy(grown, 0, 0, used);
  return grown;
}

function countUpTo(limitBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform: (part: Buffer, _encoding, done) => {
      bytes += part.length;
      if (bytes > limitBytes) done(new OverLimit());
      else done(null, part);
    },
    flush: (done) => done(bytes === 0 ? new Nothing() : null),
  });
}
