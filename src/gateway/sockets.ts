// How many connections there are. Of those that have not yet shown a credential only a few are kept waiting, and when
// there are too many altogether the one that has been idle longest makes room, so that nobody can shut everybody out.

import type { Server } from "node:http";
import type { Socket } from "node:net";

const TOTAL_MAX = 512;
const STRANGERS_MAX = 64;
/** So long a stranger is given to say who it is, also in a crowd. */
const PATIENCE_MS = 1_000;

interface Seat {
  readonly since: number;
  /** A request is being answered. */
  requests: number;
  known: boolean;
}

export interface Sockets {
  /** The connection has shown a credential that is valid. */
  welcome(socket: Socket): void;
}

export function limitSockets(server: Server, monoMs: () => number): Sockets {
  // In the order in which they were last used.
  const seats = new Map<Socket, Seat>();
  const oldest = (fits: (seat: Seat) => boolean): Socket | undefined => {
    for (const [socket, seat] of seats) if (fits(seat)) return socket;
    return undefined;
  };
  const isIdle = (seat: Seat): boolean => seat.requests === 0;
  const leave = (socket: Socket | undefined): void => {
    if (socket === undefined) return;
    seats.delete(socket);
    socket.destroy();
  };
  server.on("connection", (socket: Socket) => {
    const now = monoMs();
    if (seats.size >= TOTAL_MAX) {
      const out = oldest((seat) => isIdle(seat) && !seat.known) ?? oldest(isIdle);
      if (out === undefined) return void socket.destroy();
      leave(out);
    }
    seats.set(socket, { since: now, requests: 0, known: false });
    socket.once("close", () => seats.delete(socket));
    if (strangers(seats) > STRANGERS_MAX)
      leave(oldest((seat) => !seat.known && now - seat.since > PATIENCE_MS));
  });
  server.on("request", ({ socket }, response) => {
    const seat = seats.get(socket);
    if (seat === undefined) return;
    seat.requests++;
    response.once("close", () => {
      seat.requests--;
      if (seats.delete(socket)) seats.set(socket, seat);
    });
  });
  return {
    welcome: (socket) => {
      const seat = seats.get(socket);
      if (seat !== undefined) seat.known = true;
    },
  };
}

function strangers(seats: ReadonlyMap<Socket, Seat>): number {
  let count = 0;
  for (const { known } of seats.values()) if (!known) count++;
  return count;
}
