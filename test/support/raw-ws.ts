// A WebSocket connection below any library: the bytes a client sends after the handshake are the test's own.

import { connect, type Socket } from "node:net";
import type { Client } from "./http.ts";
import { until } from "./wait.ts";

/** A connection on which any bytes can be sent, after the handshake. */
export async function rawPeer(
  client: Client,
  headers = "",
): Promise<{ socket: Socket; text: () => string; bytes: () => Buffer }> {
  const { hostname, port } = new URL(client.url);
  const socket = connect(Number(port), hostname);
  let seen = Buffer.alloc(0);
  socket.on("data", (part) => {
    seen = Buffer.concat([seen, part]);
  });
  socket.on("error", () => {});
  const key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n";
  const upgrade = "connection: Upgrade\r\nupgrade: websocket\r\n";
  const who = `host: ${hostname}:${port}\r\nauthorization: Bearer ${client.token}\r\n`;
  socket.write(`GET /ws HTTP/1.1\r\n${who}${upgrade}${key}${headers}\r\n`);
  await until("the handshake", () => seen.includes("\r\n\r\n"));
  const headEnd = seen.indexOf("\r\n\r\n") + 4;
  return { socket, text: () => seen.subarray(0, headEnd).toString(), bytes: () => seen.subarray(headEnd) };
}

/** A masked client frame; the mask is zero. */
export function frame(opcode: number, payload: Buffer, fin = true, length = payload.length): Buffer {
  const first = (fin ? 0x80 : 0) | opcode;
  const head =
    length < 126
      ? Buffer.from([first, 0x80 | length, 0, 0, 0, 0])
      : Buffer.from([
          first,
          0xff,
          0,
          0,
          0,
          0,
          ...[24, 16, 8, 0].map((bits) => (length >>> bits) & 0xff),
          0,
          0,
          0,
          0,
        ]);
  return Buffer.concat([head, payload]);
}
