// The stdio transport of MCP over the pipes of a program that runs already: one JSON-RPC message a line. A program that
// sends what is no message, too much at once, or notifications without end is cut off; its memory is never ours.

import type { Readable, Writable } from "node:stream";
import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";
import { messageOf } from "../domain/error.ts";
import { isRecord } from "./definition.ts";

/** The part of a started program that the transport needs. */
export interface Pipes {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

export const MESSAGE_BYTES = 8_388_608;
const NEWLINE = 0x0a;
const STRAY_LINES_MAX = 100;
export const NOTIFICATIONS_PER_SECOND = 2_000;

export class PipeTransport implements Transport {
  // `pid` and `stderr` tell the SDK that this is stdio: silence at the first question then means an older server.
  readonly pid: number;
  readonly stderr: Readable;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  /** Why the other side was cut off, when it was. */
  fault: string | undefined;
  readonly #pipes: Pipes;
  readonly #monoMs: () => number;
  #parts: Buffer[] = [];
  #bytes = 0;
  #strays = 0;
  #notifications = 0;
  #windowMs = 0;
  #closed = false;

  constructor(pipes: Pipes, monoMs: () => number) {
    this.#pipes = pipes;
    this.#monoMs = monoMs;
    this.pid = pipes.pid;
    this.stderr = pipes.stderr;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  async start(): Promise<void> {
    this.#pipes.stdout.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#pipes.stdout.on("close", () => void this.close());
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#closed) throw Object.assign(new Error("the server's pipe is closed"), { code: "ENOTCONN" });
    const { stdin } = this.#pipes;
    if (stdin.write(`${JSON.stringify(message)}\n`)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stdin.off("drain", done);
        stdin.off("close", done);
        resolve();
      };
      stdin.on("drain", done);
      stdin.on("close", done);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts = [];
    this.#pipes.stdin.end();
    this.#pipes.stdout.removeAllListeners("data");
    this.#pipes.stdout.resume();
    this.onclose?.();
  }

  #receive(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0 && !this.#closed; end = chunk.indexOf(NEWLINE, from)) {
      const last = chunk.subarray(from, end);
      const line = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last]);
      this.#parts = [];
      this.#bytes = 0;
      from = end + 1;
      if (line.length > MESSAGE_BYTES) this.#tooLarge();
      else this.#accept(line.toString("utf8"));
    }
    if (this.#closed || from === chunk.length) return;
    // A copy: the rest of the chunk need not be kept.
    this.#parts.push(Buffer.from(chunk.subarray(from)));
    this.#bytes += chunk.length - from;
    if (this.#bytes > MESSAGE_BYTES) this.#tooLarge();
  }

  #accept(line: string): void {
    if (line.trim() === "") return;
    const message = parse(line);
    if (message === undefined) {
      this.#strays += 1;
      this.onerror?.(new Error(`stdout has a line that is no message: ${line.slice(0, 16_384)}`));
      if (this.#strays >= STRAY_LINES_MAX) this.#cut("LIMIT_SIZE: its stdout is not MCP");
      return;
    }
    if (!("id" in message) && this.#isFlood()) {
      this.#cut("LIMIT_SIZE: it floods with notifications");
      return;
    }
    try {
      this.onmessage?.(message);
    } catch (error) {
      this.onerror?.(new Error(messageOf(error)));
    }
  }

  #isFlood(): boolean {
    const nowMs = this.#monoMs();
    if (nowMs - this.#windowMs >= 1_000) {
      this.#windowMs = nowMs;
      this.#notifications = 0;
    }
    this.#notifications += 1;
    return this.#notifications > NOTIFICATIONS_PER_SECOND;
  }

  #tooLarge(): void {
    this.#cut(`LIMIT_SIZE: it sent a message of more than ${MESSAGE_BYTES} bytes`);
  }

  #cut(fault: string): void {
    this.fault = fault;
    void this.close();
  }
}

function parse(line: string): JSONRPCMessage | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) && value.jsonrpc === "2.0" ? (value as unknown as JSONRPCMessage) : undefined;
  } catch {
    return undefined;
  }
}
