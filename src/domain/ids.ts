// Identifiers are UUIDv7 (RFC 9562 section 5.7): they sort by creation time, so primary-key inserts append.
// Within one millisecond a counter in the 12 `rand_a` bits keeps one source strictly increasing.

import type { Clock, Random } from "./time.ts";

export const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Returns a function that makes a new UUIDv7 string at each call. */
export function createIds(clock: Pick<Clock, "nowMs">, random: Random): () => string {
  let lastMs = 0;
  let counter = 0;
  return () => {
    const now = clock.nowMs();
    if (now > lastMs) {
      lastMs = now;
      counter = Math.floor(random.next() * 0x400);
    } else if (++counter > 0xfff) {
      lastMs++;
      counter = 0;
    }
    return format(lastMs, counter, random.bytes(8));
  };
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function format(ms: number, counter: number, tail: Uint8Array): string {
  const time = ms.toString(16).padStart(12, "0");
  const hex = (index: number): string => HEX[tail[index] ?? 0] ?? "00";
  const variant = HEX[((tail[0] ?? 0) & 0x3f) | 0x80] ?? "80";
  const low = hex(2) + hex(3) + hex(4) + hex(5) + hex(6) + hex(7);
  return `${time.slice(0, 8)}-${time.slice(8)}-${(0x7000 | counter).toString(16)}-${variant}${hex(1)}-${low}`;
}
