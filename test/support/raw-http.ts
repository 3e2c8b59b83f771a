// HTTP as bytes: what a well-behaved client cannot send. Reads until the server closes the connection, or until as many
// whole answers came as were asked for.

import { connect, type Socket } from "node:net";
import { within } from "./wait.ts";

export interface RawReply {
  /** Of every answer, in order. */
  readonly statuses: readonly number[];
  /** Everything that came. */
  readonly text: string;
  /** Whether the server closed the connection. */
  readonly isClosed: boolean;
}

export function openSocket(address: string): Promise<Socket> {
  const at = address.lastIndexOf(":");
  const socket = connect(Number(address.slice(at + 1)), address.slice(0, at).replace(/[[\]]/g, ""));
  socket.on("error", () => {});
  return within(
    `a connection to ${address}`,
    new Promise((resolve) => socket.once("connect", () => resolve(socket))),
  );
}

/** Sends the bytes and waits for the server to close; `answers` whole answers without a close are enough as well. */
export async function sendRaw(
  address: string,
  bytes: string | Buffer,
  { answers = Number.POSITIVE_INFINITY, deadlineMs = 5_000 } = {},
): Promise<RawReply> {
  const socket = await openSocket(address);
  try {
    return await readReplies(socket, () => socket.write(bytes), answers, deadlineMs);
  } finally {
    socket.destroy();
  }
}

export function readReplies(
  socket: Socket,
  send: () => void,
  answers: number,
  deadlineMs = 5_000,
): Promise<RawReply> {
  const parts: Buffer[] = [];
  const replyOf = (isClosed: boolean): RawReply => {
    const text = Buffer.concat(parts).toString("latin1");
    return {
      text,
      isClosed,
      statuses: [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map((one) => Number(one[1])),
    };
  };
  const reading = new Promise<RawReply>((resolve) => {
    socket.on("data", (part: Buffer) => {
      parts.push(part);
      if (wholeAnswers(Buffer.concat(parts)) >= answers) resolve(replyOf(false));
    });
    socket.once("close", () => resolve(replyOf(true)));
    send();
  });
  return within("an answer, or the end of the connection", reading, deadlineMs);
}

/** How many answers with a Content-Length are there whole. */
function wholeAnswers(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; ; count++) {
    const end = bytes.indexOf("\r\n\r\n", at);
    if (end < 0) return count;
    const length = /^content-length: (\d+)/im.exec(bytes.subarray(at, end).toString("latin1"))?.[1];
    at = end + 4 + Number(length ?? 0);
    if (at > bytes.length) return count;
  }
}

/** The head of a request; values are sent as they are. */
export function headOf(start: string, ...lines: readonly string[]): string {
  return `${[start, ...lines].join("\r\n")}\r\n\r\n`;
}
