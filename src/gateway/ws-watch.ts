// Looks at every connection once a second: a credential that is no longer good ends it, so does silence after a ping, and
// so does a flood of frames that ask for nothing. One timer, however many connections there are.

import { identified, type Peer } from "./peer.ts";

const LOOK_EVERY_MS = 1_000;
const LOOKS_PER_PING = 20;
/** Frames a second, on one connection. */
export const NOISE_MAX = 1_000;

/** Returns the end of the watch. */
export function startWatch(peers: ReadonlySet<Peer>): () => void {
  let looks = 0;
  const timer = setInterval(() => {
    looks++;
    for (const peer of peers) look(peer, looks % LOOKS_PER_PING === 0);
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function look(peer: Peer, isPingDue: boolean): void {
  peer.noise = 0;
  if (peer.closed.aborted) return;
  try {
    identified(peer);
  } catch {
    return;
  }
  if (!isPingDue) return;
  if (peer.isAlive) peer.socket.ping();
  else peer.socket.terminate();
  peer.isAlive = false;
}

/** Counts a frame that asks for nothing. */
export function noteNoise(peer: Peer): void {
  if (++peer.noise <= NOISE_MAX) return;
  peer.expel("LIMIT_RATE");
  // What is still on its way is not looked at: reading a flood to its end would keep the others waiting.
  peer.socket.pause();
}
