// What the store does when the disk fails: it refuses before it acknowledges, keeps the leases of attempts that could
// not help it, recovers without a restart, and never believes its own memory over the file.

import { expect, test } from "vitest";
import { finish } from "../../src/engine/finish.ts";
import { claim } from "../../src/queue/claim.ts";
import { enqueue } from "../../src/queue/enqueue.ts";
import { LEASED_COUNT, queuedCount } from "../../src/queue/transition.ts";
import { claimInput, enqueueInput } from "../support/inputs.ts";
import { verifies } from "../support/verifies.ts";
import { BENCH_LEASE_MS, type Bench, openBench } from "./bench.ts";

const QUEUED_SQL = "SELECT count(*) AS tasks FROM tasks WHERE state = 'QUEUED'";
const queuedRows = ({ store }: Bench): number => store.reader.get<{ tasks: number }>(QUEUED_SQL)!.tasks;

const submit = (bench: Bench, id: string) => bench.until(bench.store.run(enqueue, enqueueInput(id)));

const startOne = async (bench: Bench, id: string): Promise<{ taskId: string; fence: number }> => {
  await submit(bench, id);
  const [task] = await bench.until(bench.store.run(claim, claimInput({ leaseMs: BENCH_LEASE_MS })));
  return { taskId: task!.id, fence: task!.fence };
};

const done = { result: { text: "done" }, lastAnswer: null };

test.each([
  ["full", "DISK_FULL"],
  ["broken", "IO_ERROR"],
] as const)(
  verifies("PER-006", "a disk that is %s is refused as %s, and is used again when it is good"),
  async (state, code) => {
    const bench = await openBench();
    await submit(bench, "before");
    bench.disk.state = state;
    await expect(submit(bench, "during")).rejects.toMatchObject({ code });
    expect(bench.store.fault()).toBe(code);
    expect(queuedRows(bench)).toBe(1);
    expect(bench.count(queuedCount("default"))).toBe(1);
    bench.disk.state = "good";
    await bench.until(bench.store.healthy());
    expect(bench.store.fault()).toBeNull();
    await submit(bench, "after");
    expect(queuedRows(bench)).toBe(2);
    expect(bench.published.map(({ taskId, seq }) => [taskId, seq])).toEqual([
      ["before", 1],
      ["after", 2],
    ]);
    expect(bench.faults).toEqual([code, null]);
    expect(bench.defects).toEqual([]);
  },
);

test(
  verifies(["PER-006", "QUE-002"], "an outcome waits out a sick disk, and its lease is not lost by it"),
  async () => {
    const bench = await openBench();
    const fence = await startOne(bench, "t1");
    bench.disk.state = "full";
    await expect(submit(bench, "refused")).rejects.toMatchObject({ code: "DISK_FULL" });
    const finished = bench.store.insist(finish, { ...fence, ...done });
    await bench.pass(BENCH_LEASE_MS * 3);
    bench.disk.state = "good";
    expect(await bench.until(finished)).toBe(true);
  },
);

test(
  verifies(["PER-006", "QUE-002"], "the first call after a sick disk finds its lease as it was before"),
  async () => {
    const bench = await openBench();
    const fence = await startOne(bench, "t1");
    bench.disk.state = "full";
    await expect(submit(bench, "refused")).rejects.toMatchObject({ code: "DISK_FULL" });
    await bench.pass(BENCH_LEASE_MS * 3);
    bench.disk.state = "good";
    // Before the writer has looked at the disk by itself.
    const outcome = await bench.until(bench.store.run(finish, { ...fence, ...done }));
    expect(outcome, "the attempt was told that it had lost a lease that nobody else has").toBe(true);
  },
);

test(
  verifies("PER-006", "a commit that was made and reported as failed is believed after the file, not before"),
  async () => {
    const bench = await openBench();
    await startOne(bench, "t1");
    bench.disk.state = "forgetful";
    await expect(submit(bench, "t2")).rejects.toMatchObject({ code: "IO_ERROR" });
    bench.disk.state = "good";
    await bench.until(bench.store.healthy());
    await submit(bench, "t3");
    expect(queuedRows(bench)).toBe(2);
    expect(bench.count(queuedCount("default"))).toBe(2);
    expect(bench.count(LEASED_COUNT)).toBe(1);
    expect(bench.defects).toEqual([]);
  },
);

test(
  verifies("PER-006", "a database that cannot be opened again at once is opened again later"),
  async () => {
    const bench = await openBench();
    await submit(bench, "before");
    bench.disk.state = "broken";
    bench.setBinding("/nonexistent/better_sqlite3.node");
    await expect(submit(bench, "during")).rejects.toMatchObject({ code: "IO_ERROR" });
    await bench.pass(2_000);
    bench.setBinding(undefined);
    bench.disk.state = "good";
    await bench.until(bench.store.healthy());
    await submit(bench, "after");
    expect(queuedRows(bench)).toBe(2);
  },
);

test(
  verifies("QUE-002", "a lease is kept while the main loop is alive, and taken back when it is not"),
  async () => {
    const bench = await openBench();
    const fence = await startOne(bench, "t1");
    await bench.pass(BENCH_LEASE_MS * 10);
    expect(bench.count(LEASED_COUNT)).toBe(1);
    bench.time.freeze("main", BENCH_LEASE_MS * 3);
    await bench.pass(BENCH_LEASE_MS * 4);
    expect(bench.count(LEASED_COUNT)).toBe(0);
    expect(bench.published.at(-1)).toMatchObject({ type: "task.requeued", reasonCode: "LEASE_EXPIRED" });
    expect(await bench.until(bench.store.run(finish, { ...fence, ...done }))).toBe(false);
  },
);

test(verifies("QUE-002", "a wall clock that jumps takes no lease and keeps none"), async () => {
  const bench = await openBench();
  const fence = await startOne(bench, "t1");
  for (const ms of [86_400_000, -172_800_000, 1]) {
    bench.time.jump(ms);
    await bench.pass(BENCH_LEASE_MS * 2);
    expect(bench.count(LEASED_COUNT)).toBe(1);
  }
  expect(await bench.until(bench.store.run(finish, { ...fence, ...done }))).toBe(true);
});
