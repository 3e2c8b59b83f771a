// How many connections there are: when they are too many, the one that has been idle longest makes room, and before it one
// that never showed a credential, so that nobody can shut everybody out. Strangers alone are the matter of strangers.ts.

import type { Server } from "node:http";
import type { Socket } from "node:net";

const TOTAL_MAX = 512;

interface Seat {
  /** A request is being answered. */
  requests: number;
  known: boolean;
}

export interface Sockets {
  /** The connection has shown a credential that is valid. */
  welcome(socket: Socket): void;
  /** It has left HTTP and is counted elsewhere. */
  release(socket: Socket): void;
}

export function limitSockets(server: Server): Sockets {
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
    if (seats.size >= TOTAL_MAX) {
      const out = oldest((seat) => isIdle(seat) && !seat.known) ?? oldest(isIdle);
      if (out === undefined) return void socket.destroy();
      leave(out);
    }
    seats.set(socket, { requests: 0, known: false });
    socket.once("close", () => seats.delete(socket));
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
    release: (socket) => void seats.delete(socket),
  };
}
