// How a command ends: by itself, by its limits, by its time, or because nobody wants it any more; and that nothing of it
// is left in any case.

import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findPens } from "../../../src/sandbox/cgroup.ts";
import { clampTimeoutMs } from "../../../src/sandbox/limits.ts";
import { row } from "../../support/catalogue.ts";
import { processesWith } from "../../support/processes.ts";
import { hasBwrap } from "../../support/sandbox.ts";
import { until } from "../../support/wait.ts";
import { openSandboxRig, type SandboxRig } from "./rig.ts";

let rig: SandboxRig;
beforeEach(() => {
  rig = openSandboxRig();
});
afterEach(() => rig.close());

test(row("F-21", "a time limit is within 120 seconds, whatever is asked"), () => {
  expect(clampTimeoutMs(undefined)).toBe(30_000);
  expect(clampTimeoutMs(1e9)).toBe(120_000);
  expect(clampTimeoutMs(Number.POSITIVE_INFINITY)).toBe(120_000);
  expect(clampTimeoutMs(Number.NaN)).toBe(30_000);
  expect(clampTimeoutMs(-5)).toBe(1);
  expect(clampTimeoutMs(1.5)).toBe(1_500);
});

describe.skipIf(!hasBwrap())("in bubblewrap", () => {
  test("exit codes, standard input and both outputs come through", async () => {
    const { code, out, err } = await rig.sh("cat; echo oops >&2; exit 7", { stdin: "in put\n" });
    expect([code, out, err]).toEqual([7, "in put\n", "oops\n"]);
    expect((await rig.sh("kill -TERM $$")).code).toBe(128 + 15);
    const large = await rig.sh("true", { stdin: "x".repeat(1_000_000) }); // nobody reads it
    expect(large.code).toBe(0);
  });

  test(row("F-13", "whatever a command leaves in the background ends with it"), async () => {
    const mark = `30${process.pid}`;
    const lines = [
      `setsid sh -c 'sleep ${mark}; touch p' >/dev/null 2>&1 &`,
      `nohup sh -c 'sleep ${mark}; touch p' >/dev/null 2>&1 &`,
      `(sh -c 'sleep ${mark}; touch p' &) ; (setsid setsid sleep ${mark} &)`,
      `sleep ${mark} & sleep 0.1; echo done`,
    ];
    for (const line of lines) {
      expect((await rig.sh(line)).code, line).toBe(0);
      // The kernel takes a moment to put away what it has killed.
      await until(`${line} is gone`, async () => processesWith(`sleep ${mark}`).length === 0 || undefined);
    }
    for (const word of ["at", "crontab", "systemd-run"])
      expect((await rig.sh(`echo true | ${word} now`)).code, word).not.toBe(0);
    expect(existsSync(join(rig.workspace, "p"))).toBe(false);
  });

  test(row("F-21", "at its time limit it is asked, and then killed, with its whole tree"), async () => {
    const mark = `31${process.pid}`;
    const polite = await rig.sh(`trap 'echo bye; exit 3' TERM; sleep ${mark} & wait`, { timeoutMs: 300 });
    expect(polite).toMatchObject({ code: 3, out: "bye\n", ran: { end: "timeout" } });
    const startedAt = performance.now();
    const deaf = await rig.sh(`trap '' TERM; setsid sleep ${mark} & sleep ${mark}`, { timeoutMs: 300 });
    expect(deaf.ran.end).toBe("timeout");
    expect(performance.now() - startedAt).toBeGreaterThan(2_000);
    expect(processesWith(`sleep ${mark}`)).toEqual([]);
  });

  test("a canceled task ends its command, even before it began", async () => {
    const mark = `32${process.pid}`;
    const stop = new AbortController();
    const running = rig.sh(`touch started; sleep ${mark}`, { signal: stop.signal });
    await until("the command's start", () => existsSync(join(rig.workspace, "started")));
    stop.abort();
    expect((await running).ran.end).toBe("canceled");
    expect((await rig.sh(`sleep ${mark}`, { signal: stop.signal })).ran.end).toBe("canceled");
    expect(processesWith(`sleep ${mark}`)).toEqual([]);
  });

  test(row("F-19", "a file cannot grow past its limit, and a command's own time is counted"), async () => {
    const { code, ran } = await rig.run(["dd", "if=/dev/zero", "of=big", "bs=1M", "count=400"]);
    expect(code).toBe(128 + 25);
    expect(ran.limits).toEqual([expect.stringContaining("268435456 bytes")]);
    const limits = await rig.sh("ulimit -n; ulimit -t; ulimit -c; ulimit -p");
    expect(limits.out).toBe("256\n120\n0\n128\n");
  });

  test(row("F-19", "memory and processes are limited for all it starts together"), async ({ skip }) => {
    if (findPens() === undefined) {
      console.warn("SKIPPED: no control groups can be made on this machine");
      skip();
    }
    const bomb = await rig.sh("for i in $(seq 1 400); do sleep 5 & done; wait", { timeoutMs: 8_000 });
    expect(bomb.ran.limits).toEqual([expect.stringContaining("128 processes")]);
    const eater = await rig.sh("head -c 2G /dev/zero | tail | wc -c");
    expect(eater.ran.limits).toEqual([expect.stringContaining("memory")]);
    expect((await rig.sh("echo still here")).out).toBe("still here\n");
  });

  test(row("F-20", "of endless output the beginning and the end are kept, in bounded memory"), async () => {
    const before = process.memoryUsage().rss;
    const { ran, code } = await rig.sh(
      "echo first; yes | head -c 200000000; echo last; head -c 9000000 /dev/zero >&2",
    );
    expect(code).toBe(0);
    const { head, tail, droppedBytes } = ran.stdout;
    expect(head.length + tail.length).toBe(262_144);
    expect(head.length + tail.length + droppedBytes).toBe(200_000_011);
    expect([head.toString().slice(0, 6), tail.toString().slice(-5)]).toEqual(["first\n", "last\n"]);
    expect(ran.stderr.head.length + ran.stderr.tail.length).toBe(262_144);
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1_048_576);
  });
});

test(row("F-23", "without bubblewrap a command is refused and does not run"), async () => {
  const bare = openSandboxRig({ bwrapPath: "/no/such/bwrap" });
  try {
    expect(bare.sandbox.trouble()).toContain("/no/such/bwrap is not installed");
    await expect(bare.sh("touch p")).rejects.toMatchObject({
      code: "SANDBOX_UNAVAILABLE",
      message: expect.stringMatching(/no\/such\/bwrap is not installed.*install.*tools\.shell\.sandbox/),
    });
    expect(readdirSync(bare.workspace)).toEqual([]);
  } finally {
    await bare.close();
  }
});

test(row("F-23", "a bubblewrap that the kernel gives no namespaces is no sandbox"), async () => {
  const script = join(rig.home, "bwrap");
  writeFileSync(script, "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2; exit 1\n", {
    mode: 0o755,
  });
  const denied = openSandboxRig({ bwrapPath: script });
  try {
    expect(denied.sandbox.trouble()).toBeNull();
    await expect(denied.sh("touch p")).rejects.toMatchObject({
      code: "SANDBOX_UNAVAILABLE",
      message: expect.stringContaining("No permissions to create new namespace"),
    });
    expect(denied.sandbox.trouble()).toContain("No permissions");
    expect(readdirSync(denied.workspace)).toEqual([]);
  } finally {
    await denied.close();
  }
});

describe("on the host", () => {
  test("a command runs only when the policy says so too", async () => {
    const host = openSandboxRig({ mode: "host" });
    try {
      const refused = { code: "SANDBOX_DENIED", message: expect.stringContaining("allow_unsandboxed_exec") };
      await expect(host.sh("touch p")).rejects.toMatchObject(refused);
      expect(readdirSync(host.workspace)).toEqual([]);
      const { out } = await host.sh("pwd; env | cut -d= -f1 | sort | tr '\\n' ' '", {
        allowUnsandboxed: true,
      });
      expect(out).toBe(`${host.workspace}\nGOCLAW_CHILD HOME LANG PATH PWD TERM TZ `);
    } finally {
      await host.close();
    }
  });

  test(
    row(["F-13", "F-20"], "a grandchild that keeps the output open is not waited for, and dies"),
    async () => {
      const host = openSandboxRig({ mode: "host" });
      try {
        const mark = `33${process.pid}`;
        const line = `setsid sleep ${mark} & echo done`;
        const { out, ran } = await host.sh(line, { allowUnsandboxed: true });
        expect([out, ran.end]).toEqual(["done\n", "exited"]);
        expect(processesWith(`sleep ${mark}`)).toEqual([]);
      } finally {
        await host.close();
      }
    },
  );
});
