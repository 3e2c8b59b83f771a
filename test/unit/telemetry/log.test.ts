// Log lines are JSON objects with the promised fields, and go through the redactor as a whole.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createLog, type LogOptions } from "../../../src/telemetry/log.ts";
import { openLogFile } from "../../../src/telemetry/log-file.ts";
import { createRedactor } from "../../../src/telemetry/redact.ts";
import { verifies } from "../../support/verifies.ts";
import { until } from "../../support/wait.ts";

function openLog(more: Partial<LogOptions> = {}) {
  const directory = mkdtempSync(join(tmpdir(), "goclaw-log-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "system.jsonl");
  const nowMs = (): number => Date.UTC(2026, 0, 2, 3, 4, 5, 6);
  const log = createLog({ file, level: "info", toStderr: false, redact: (text) => text, nowMs, ...more });
  const lines = async (count: number): Promise<Record<string, unknown>[]> => {
    const read = (): string[] => readFileSync(file, "utf8").split("\n").filter(Boolean);
    await until("the log file", () => existsSync(file));
    return (await until(`${count} log lines`, () => read().length >= count && read())).map((line) =>
      JSON.parse(line),
    );
  };
  return { log, file, lines };
}

test(
  verifies("OBS-001", "a line is one object with timestamp, level, component, msg and the task's ids"),
  async () => {
    const { log, file, lines } = openLog();
    log.info("queue", "took a task\nin two lines", { trace_id: "tr", task_id: "ta", extra: { n: 1 } });
    log.debug("queue", "not at this level");
    log.error("store", "broke");
    expect(await lines(2)).toEqual([
      {
        timestamp: "2026-01-02T03:04:05.006Z",
        level: "info",
        component: "queue",
        msg: "took a task\nin two lines",
        trace_id: "tr",
        task_id: "ta",
        extra: { n: 1 },
      },
      { timestamp: "2026-01-02T03:04:05.006Z", level: "error", component: "store", msg: "broke" },
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  },
);

test(verifies("SEC-005", "a secret with characters that JSON escapes does not reach the file"), async () => {
  const secret = 'pass"word\\with\nall';
  const { log, file, lines } = openLog({ redact: createRedactor([secret]) });
  log.warn("x", `the key ${secret} was refused`, { cause: secret, nested: { deep: [secret] } });
  await lines(1);
  const text = readFileSync(file, "utf8");
  expect(text).not.toContain("word");
  expect(text.match(/\[redacted\]/g)).toHaveLength(3);
});

test(verifies("RUN-005", "what was logged a moment after the start is on disk at once"), () => {
  const { log, file } = openLog();
  log.error("boot", "last words");
  expect(readFileSync(file, "utf8")).toContain("last words");
});

test("a log that has grown is put aside, and only a few of those are kept", () => {
  const directory = mkdtempSync(join(tmpdir(), "goclaw-log-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "system.jsonl");
  const log = openLogFile({ file, bytesMax: 100, kept: 2 });
  for (let line = 0; line < 100; line++) log.write(`${String(line).padStart(19, "0")}\n`);
  expect(readdirSync(directory).sort()).toEqual(["system.jsonl", "system.jsonl.1", "system.jsonl.2"]);
  const text = (name: string): string => readFileSync(join(directory, name), "utf8");
  expect([text("system.jsonl"), text("system.jsonl.2")].map((one) => one.length)).toEqual([100, 100]);
  expect(text("system.jsonl").endsWith("0099\n")).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("a log that cannot be written does not stop who writes it", () => {
  if (!existsSync("/dev/full")) return;
  const log = openLogFile({ file: "/dev/full", bytesMax: 100, kept: 0 });
  expect(() => log.write("lost\n")).not.toThrow();
});
