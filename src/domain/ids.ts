// Identifiers are UUIDv7 (RFC 9562 section 5.7): they sort by creation time, so primary-key inserts append.
// Within one millisecond a counter in the 12 `rand_a` bits keeps one source strictly increasing.

import type { Clock, Random } from "./time.ts";

export type TaskId = string;
export type SessionId = string;
export type AgentId = string;

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

function format(ms: number, counter: number, tail: Uint8Array): string {
  const time = ms.toString(16).padStart(12, "0");
  const version = (0x7000 | counter).toString(16);
  const hex = Array.from(tail, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const variant = ((Number.parseInt(hex.slice(0, 4), 16) & 0x3fff) | 0x8000).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}-${variant}-${hex.slice(4)}`;
}
