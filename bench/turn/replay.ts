// How long a client that reconnects with a cursor at the start waits until it has every event of a long task.

import { copyFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { startDaemon } from "../kit/daemon.ts";
import { makeHome } from "../kit/home.ts";
import { makeDirectory, removeDirectory } from "../kit/place.ts";
import { prefillEvents } from "../queue/prefill.ts";

const EVENTS = 100_000;

export interface Prefilled {
  readonly directory: string;
  readonly file: string;
  readonly taskId: string;
}

export interface Replay {
  /** Undefined when the stream broke off. */
  readonly tookMs: number | undefined;
  readonly events: number;
}

export function prefillReplay(): Prefilled {
  const directory = makeDirectory("replay");
  const file = join(directory, "events.db");
  return { directory, file, taskId: prefillEvents(file, EVENTS) };
}

export async function measureReplay({ file, taskId }: Prefilled): Promise<Replay> {
  const home = makeHome({ lanes: 1 });
  copyFileSync(file, join(home, "goclaw.db"));
  const daemon = await startDaemon(home);
  const replay = await readAll(daemon.port, daemon.token, taskId);
  await daemon.stop();
  removeDirectory(home);
  return replay;
}

const ID_LINE = Buffer.from("\nid: ");
const LAST = /\nevent: (done|error)\n/;
const TAIL_BYTES = 4_096;

function readAll(port: number, token: string, taskId: string): Promise<Replay> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const socket = connect(port, "127.0.0.1");
    socket.write(
      `GET /api/v1/task/stream?task_id=${taskId} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
        `Authorization: Bearer ${token}\r\nLast-Event-ID: 1\r\n\r\n`,
    );
    let events = 0;
    let tail = Buffer.alloc(0);
    socket.once("error", reject);
    socket.once("close", () => resolve({ tookMs: undefined, events }));
    socket.on("data", (data: Buffer) => {
      // An id line may lie across two pieces: what could be its start is looked at again with the next.
      const text = Buffer.concat([tail.subarray(-(ID_LINE.length - 1)), data]);
      for (let at = text.indexOf(ID_LINE); at >= 0; at = text.indexOf(ID_LINE, at + 1)) events++;
      tail = Buffer.concat([tail, data]).subarray(-TAIL_BYTES);
      if (!LAST.test(tail.toString("latin1"))) return;
      const complete = events >= EVENTS;
      resolve({ tookMs: complete ? performance.now() - startedMs : undefined, events });
      socket.destroy();
    });
  });
}
