// A closed-loop HTTP client on raw sockets: each connection sends one request, reads the answer to its last byte, and
// sends the next. It parses no more than it must, because it shares the cores with what it measures.

import { connect } from "node:net";
import { childInput, tell } from "../kit/child.ts";
import { percentile } from "../kit/stats.ts";
import { sleep } from "../kit/wait.ts";

export interface LoadInput {
  readonly port: number;
  readonly token: string;
  readonly body: string;
  readonly clients: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** Said when the warm-up is over; the clock runs from here to the result. */
export interface LoadStarted {
  readonly started: true;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 200, or streams without their end, and the first of them. */
  readonly bad: number;
  readonly firstBad: string;
}

const HEAD_END = Buffer.from("\r\n\r\n");
const CHUNKS_END = Buffer.from("0\r\n\r\n");
const STREAM_END = Buffer.from("data: [DONE]");

const input = childInput<LoadInput>();
const request = Buffer.from(
  `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:${input.port}\r\nContent-Type: application/json\r\n` +
    `Authorization: Bearer ${input.token}\r\nContent-Length: ${Buffer.byteLength(input.body)}\r\n\r\n${input.body}`,
);
const wantsStream = input.body.includes('"stream":true');

let tookMs: number[] = [];
let bad = 0;
let firstBad = "";
let stopping = false;

function runClient(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(input.port, "127.0.0.1");
    socket.setNoDelay(true);
    let received: Buffer[] = [];
    let head: Head | undefined;
    let length = 0;
    let startedMs = 0;
    const send = (): void => {
      received = [];
      head = undefined;
      length = 0;
      startedMs = performance.now();
      socket.write(request);
    };
    socket.once("connect", send);
    socket.once("error", reject);
    socket.once("close", () => (stopping ? resolve() : reject(new Error("the server closed a connection"))));
    socket.on("data", (data: Buffer) => {
      received.push(data);
      length += data.length;
      head ??= readHead(received);
      if (head === undefined || !isWhole(head, data, length)) return;
      tookMs.push(performance.now() - startedMs);
      judge(head, received);
      if (stopping) socket.destroy();
      else send();
    });
  });
}

interface Head {
  readonly status: number;
  /** Bytes of head and body together; undefined when the body comes in chunks. */
  readonly total: number | undefined;
}

function readHead(received: readonly Buffer[]): Head | undefined {
  const start = received.length === 1 ? received[0]! : Buffer.concat(received);
  const end = start.indexOf(HEAD_END);
  if (end < 0) return undefined;
  const text = start.toString("latin1", 0, end);
  const bodyBytes = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
  const total = bodyBytes === undefined ? undefined : end + HEAD_END.length + Number(bodyBytes);
  return { status: Number(text.slice(9, 12)), total };
}

/** With one request under way, a body in chunks is over when what arrived ends in the empty chunk. */
function isWhole({ total }: Head, last: Buffer, length: number): boolean {
  if (total !== undefined) return length >= total;
  return last.subarray(-CHUNKS_END.length).equals(CHUNKS_END);
}

function judge({ status }: Head, received: readonly Buffer[]): void {
  const tail = received.slice(-2);
  if (status === 200 && (!wantsStream || Buffer.concat(tail).includes(STREAM_END))) return;
  bad++;
  firstBad ||= Buffer.concat(received).toString("utf8").slice(0, 600);
}

const clients = Promise.all(Array.from({ length: input.clients }, runClient));
await sleep(input.warmUpSeconds * 1_000);
tookMs = [];
const startedMs = performance.now();
await tell({ started: true } satisfies LoadStarted);
await sleep(input.seconds * 1_000);
const measured = tookMs;
const perSecond = (measured.length / (performance.now() - startedMs)) * 1_000;
tookMs = [];
stopping = true;
const result = { perSecond, requests: measured.length, bad, firstBad };
await tell({
  ...result,
  p50Ms: percentile(measured, 50),
  p99Ms: percentile(measured, 99),
} satisfies LoadResult);
await Promise.race([clients, sleep(1_000)]);
process.exit(0);
