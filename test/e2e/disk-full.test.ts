// A full disk refuses before it acknowledges, keeps answering reads, and takes work again as soon as there is space,
// without a restart. Needs a small file system of its own, which only root may mount.

import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { writeHome } from "../support/home.ts";
import { openHomeDb } from "../support/home-db.ts";
import { examine, violations } from "../support/invariants.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, readTask, submit } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";
import { until } from "../support/wait.ts";

const MEGABYTES = 12;
let rig: Rig | undefined;
let daemon: Daemon | undefined;
let mounted: string | undefined;

afterEach(async () => {
  await daemon?.kill();
  await rig?.close();
  if (mounted) {
    spawnSync("umount", [mounted]);
    rmSync(mounted, { recursive: true, force: true });
  }
});

/** A small file system, or the reason why there is none. */
function mountSmallDisk(): string | { readonly reason: string } {
  const folder = join(tmpdir(), `goclaw-disk-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const options = `size=${MEGABYTES}m,mode=0700`;
  const done = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { encoding: "utf8" });
  if (done.status === 0) return folder;
  rmSync(folder, { recursive: true, force: true });
  return { reason: `a tmpfs cannot be mounted here: ${(done.stderr ?? String(done.error)).trim()}` };
}

function fillDisk(file: string): void {
  const handle = openSync(file, "a");
  try {
    for (let size = 64 * 1024; size > 0; size = size > 1 ? Math.floor(size / 2) : 0) {
      const block = Buffer.alloc(size);
      while (wroteWhole(handle, block));
    }
  } finally {
    closeSync(handle);
  }
}

function wroteWhole(handle: number, block: Buffer): boolean {
  try {
    return writeSync(handle, block) === block.length;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOSPC") return false;
    throw error;
  }
}

test(
  verifies(
    ["PER-004", "REL-001", "OBS-005"],
    row("N-08", "a full disk refuses before acknowledging, and work goes on when there is space"),
  ),
  async (context) => {
    const disk = mountSmallDisk();
    if (typeof disk !== "string") {
      console.log(`the full disk was not tested: ${disk.reason}`);
      return context.skip(disk.reason);
    }
    mounted = disk;
    rig = await createRig();
    const home = join(disk, "home");
    mkdirSync(home, { mode: 0o700 });
    writeHome(home, { modelUrl: rig.stub.baseUrl, sinkUrl: rig.sink.url }, {});
    daemon = await startDaemon({ home });
    const { client } = daemon;
    const before = await submit(client, "task before");
    await ended(client, before);

    const filler = join(disk, "filler");
    fillDisk(filler);
    const acknowledged = new Map([[before, "task-before"]]);
    const refusal = await until("a submission to be refused", async () => {
      const index = acknowledged.size;
      const body = { agent: "default", prompt: `task d${index} ${"padding ".repeat(200)}` };
      const reply = await client.post("/api/v1/tasks", body);
      if (reply.status !== 202) return reply;
      acknowledged.set(reply.json<{ task_id: string }>().task_id, `task-d${index}`);
      return undefined;
    });
    expect([refusal.status, refusal.json<{ error: { code: string } }>().error.code]).toEqual([
      503,
      "DISK_FULL",
    ]);
    expect((await readTask(client, before)).state).toBe("SUCCEEDED");
    expect((await client.get("/api/v1/tasks?limit=5")).status).toBe(200);
    const notReady = await until("/readyz to say so", async () => {
      const reply = await client.get("/readyz");
      return reply.status === 503 ? reply : undefined;
    });
    expect(notReady.text).toContain("DISK_FULL");
    expect((await client.get("/livez")).status).toBe(200);

    rmSync(filler);
    const after = await until("a submission to be accepted again", async () => {
      const reply = await client.post("/api/v1/tasks", { agent: "default", prompt: "task after" });
      return reply.status === 202 ? reply.json<{ task_id: string }>().task_id : undefined;
    });
    await until("/readyz to be 200 again", async () => (await client.get("/readyz")).status === 200);
    acknowledged.set(after, "task-after");
    for (const id of acknowledged.keys()) expect((await ended(client, id, 30_000)).state).toBe("SUCCEEDED");
    expect((await daemon.stop()).code).toBe(0);
    fillDisk(filler);
    const start = await runCli(home, ["daemon", "start"]);
    expect([start.code, start.stderr]).toEqual([75, expect.stringContaining("disk is full")]);
    rmSync(filler);
    const db = openHomeDb(home);
    try {
      const { stub, sink } = rig;
      const { findings } = examine({
        db,
        acknowledged,
        stubCalls: stub.calls,
        sinkCalls: sink.calls,
        settled: true,
      });
      expect(violations(findings)).toEqual([]);
    } finally {
      db.close();
    }
  },
);
