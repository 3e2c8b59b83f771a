// An acknowledgement is a promise about the disk, so its bytes may leave only after the WAL was synced. The lane is kept
// busy, so that nothing but submissions writes to the WAL and every 202 can be held against it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createRig } from "../support/rig.ts";
import { submit } from "../support/tasks.ts";
import { orderInto, straceMissing } from "./strace.ts";

const SUBMISSIONS = 20;

test("[REL-001][PER-001] no 202 leaves before the WAL bytes of its submission are synced", async (context) => {
  const missing = straceMissing();
  if (missing) {
    console.log(`the order of sync and acknowledgement was not checked: ${missing}`);
    return context.skip(missing);
  }
  const rig = await createRig({ config: { worker_count: 1, lease_seconds: 300 } });
  try {
    const trace = join(rig.home, "trace.txt");
    const daemon = await rig.start({ under: orderInto(trace), deadlineMs: 30_000 });
    await submit(daemon.client, "task busy gate=hold");
    await rig.stub.reached("hold");
    for (let index = 0; index < SUBMISSIONS; index++) await submit(daemon.client, `task later-${index}`);
    await daemon.kill();
    const { acknowledged, early, unsynced } = readOrder(readFileSync(trace, "utf8"));
    expect(acknowledged).toBeGreaterThanOrEqual(SUBMISSIONS);
    expect(early, "202s that left while WAL bytes were unsynced").toEqual([]);
    expect(unsynced, "202s without any WAL write and sync of their own").toEqual([]);
  } finally {
    await rig.close();
  }
});

/** Walks the trace once, keeping what the WAL has that the disk may not. */
function readOrder(trace: string) {
  const lines = trace.split("\n");
  // After the first 202 the lane's own claim writes to the WAL; from the second on only submissions do.
  const first = lines.findIndex((line) => line.includes("HTTP/1.1 202"));
  const early: string[] = [];
  const unsynced: string[] = [];
  let acknowledged = 0;
  let dirty = false;
  let synced = false;
  const syncing = new Set<string>();
  for (const [index, line] of lines.entries()) {
    const thread = /^(\d+)/.exec(line)?.[1] ?? "";
    if (/ pwrite64\(\d+<[^>]*goclaw\.db-wal>/.test(line)) {
      dirty = true;
    } else if (/ f(data)?sync\(\d+<[^>]*goclaw\.db-wal>/.test(line)) {
      if (line.includes("<unfinished")) syncing.add(thread);
      else [dirty, synced] = [false, true];
    } else if (/<\.\.\. f(data)?sync resumed>/.test(line) && syncing.delete(thread)) {
      [dirty, synced] = [false, true];
    } else if (line.includes("HTTP/1.1 202")) {
      if (index > first) {
        acknowledged++;
        if (dirty) early.push(line);
        if (!synced) unsynced.push(line);
      }
      synced = false;
    }
  }
  return { acknowledged, early, unsynced };
}
