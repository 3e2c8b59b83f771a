// What a process says when it dies of an error: one record with a code, in the log or, without one, on standard error.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { CODES, EXIT } from "../../src/domain/error.ts";
import { runCli } from "../support/cli.ts";
import { runDaemonToExit } from "../support/daemon.ts";
import { nodeUnderTest } from "../support/program.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { closeServer, listen } from "../support/stub-model.ts";
import { submit, taskWhere } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";

let rig: Rig;
afterEach(() => rig.close());

type Line = Readonly<Record<string, unknown>>;

const recordsIn = (text: string): Line[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line);
const logged = (): Line[] => {
  const file = join(rig.home, "logs/system.jsonl");
  return existsSync(file) ? recordsIn(readFileSync(file, "utf8")) : [];
};
const deaths = (records: readonly Line[]): Line[] =>
  records.filter(({ exit_code }) => exit_code !== undefined);

test(
  verifies("RUN-005", "before there is a log, why a daemon ended is one record on standard error"),
  async () => {
    rig = await createRig({ config: { worker_cuont: 1 } });
    const { code, stderr } = await runDaemonToExit({ home: rig.home });
    expect([code, deaths(recordsIn(stderr))]).toEqual([
      EXIT.refused,
      [
        {
          level: "error",
          timestamp: expect.any(String),
          component: "daemon",
          msg: expect.stringContaining("worker_count"),
          code: "CONFIG_INVALID",
          exit_code: EXIT.refused,
        },
      ],
    ]);
    expect(logged()).toEqual([]);
    // People are told in a sentence, also when the daemon was to start in the background.
    expect(stderr).toMatch(/^goclaw: .*\(CONFIG_INVALID\)$/m);
    const start = await runCli(rig.home, ["daemon", "start"]);
    expect([start.code, recordsIn(start.stderr)]).toEqual([EXIT.refused, []]);
    expect(start.stderr).toMatch(/^goclaw: .*\(CONFIG_INVALID\)$/m);
  },
);

test(verifies("RUN-005", "once there is a log, the record is in it, once"), async () => {
  const other = createServer();
  await listen(other);
  const { port } = other.address() as AddressInfo;
  try {
    rig = await createRig({ config: { bind_addr: `127.0.0.1:${port}` } });
    const { code, stderr } = await runDaemonToExit({ home: rig.home });
    const record = { code: "BIND_FAILED", exit_code: EXIT.failed, level: "error", component: "daemon" };
    expect(code).toBe(EXIT.failed);
    expect(deaths(logged())).toEqual([expect.objectContaining(record)]);
    expect(deaths(recordsIn(stderr))).toEqual(deaths(logged()));
    writeFileSync(join(rig.home, "policy.yaml"), "allow_capabilites: []\n");
    expect((await runDaemonToExit({ home: rig.home })).code).toBe(EXIT.refused);
    expect(deaths(logged()).map((one) => one.code)).toEqual(["BIND_FAILED", "POLICY_INVALID"]);
  } finally {
    await closeServer(other);
  }
});

test(
  verifies(
    ["RUN-005", "SEC-005"],
    "a defect in a running daemon is one record with its stack, and no secret in it",
  ),
  async () => {
    const secret = "sk-live-0123456789abcdefghij";
    rig = await createRig();
    const under = [
      nodeUnderTest(),
      fileURLToPath(new URL("../support/defective-daemon.ts", import.meta.url)),
    ];
    const daemon = await rig.start({ under, env: { PLANTED_SECRET: secret } });
    const id = await submit(daemon.client, "task survivor gate=held");
    await rig.stub.reached("held");
    daemon.signal("SIGUSR2");
    expect(await daemon.exited).toEqual({ code: EXIT.internal, signal: null });
    expect(deaths(logged())).toEqual([
      expect.objectContaining({
        code: "INTERNAL",
        exit_code: EXIT.internal,
        msg: "planted defect with [redacted]",
        stack: expect.stringContaining("defective-daemon.ts"),
      }),
    ]);
    expect(daemon.stderr()).toContain("(INTERNAL)");
    expect(daemon.stderr()).not.toContain(secret);
    for (const { code } of deaths(logged())) expect(Object.keys(CODES)).toContain(code);
    rig.stub.open("held");
    const next = await rig.start();
    await taskWhere(next.client, id, "succeeded", ({ state }) => state === "SUCCEEDED");
  },
);
