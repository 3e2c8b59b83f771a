// Connections that have not yet shown a credential: they may be few and not for long, so that those who open connections
// and say nothing cannot keep others out.

import type { Socket } from "node:net";

export interface Strangers {
  note(socket: Socket): void;
  /** It has shown who it is, or asked for what is open to everybody. */
  admit(socket: Socket): void;
}

const MAX = 64;
const LOOK_EVERY_MS = 250;
/** Looks after which one is shown out, however few there are; and before which nobody is, so that a rush of clients that are
 *  about to speak is not mistaken for silence. */
const LOOKS_MAX = 20;
const LOOKS_MIN = 2;

export function createStrangers(): Strangers {
  /** In the order in which they came, with the looks they have seen. */
  const waiting = new Map<Socket, number>();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    let surplus = waiting.size - MAX;
    for (const [socket, seen] of waiting) {
      waiting.set(socket, seen + 1);
      if (seen + 1 < LOOKS_MAX && (surplus <= 0 || seen + 1 < LOOKS_MIN)) continue;
      surplus--;
      waiting.delete(socket);
      socket.destroy();
    }
    if (waiting.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return {
    note: (socket) => {
      waiting.set(socket, 0);
      socket.once("close", () => waiting.delete(socket));
      timer ??= setInterval(look, LOOK_EVERY_MS).unref();
    },
    admit: (socket) => void waiting.delete(socket),
  };
}
