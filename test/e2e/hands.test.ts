// What issue 4 is shown by, as a user meets it: `goclaw run` with a model that writes, runs and searches, that tries the
// ways out, that is asked about and answered, and whose programs do not outlive the daemon.

import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import type { StubToolCall } from "../support/directive.ts";
import { openOdd } from "../support/odd-rig.ts";
import { processesWith } from "../support/processes.ts";
import { createRig, type Rig, type RigOptions } from "../support/rig.ts";
import { hasBwrap } from "../support/sandbox.ts";
import { ended } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
afterEach(() => rig.close());

const FILES = [
  ...["tools.read_file", "tools.write_file", "tools.list_directory", "tools.search_files"],
  ...["acp.read", "acp.mutate", "admin.*"],
];
const call = (name: string, args: object): StubToolCall => ({ name, args: { ...args } });
const inWorkspace = (name: string): string => join(rig.home, "workspace", name);

/** A rig whose model makes these calls in its first turn. */
async function open(toolCalls: readonly StubToolCall[], options: RigOptions = {}): Promise<void> {
  rig = await createRig(options);
  rig.stub.use((_, place) => (place.turn === 0 ? { toolCalls } : { text: "all done" }));
}

/** What the model was told about each call of the first turn. */
const told = (): string[] =>
  (rig.stub.calls.findLast(({ turn }) => turn === 1)?.body.messages ?? [])
    .filter(({ role }) => role === "tool")
    .map(({ content }) => String(content));

test.skipIf(!hasBwrap())("the model writes, runs and searches inside the workspace", async () => {
  const calls = [
    call("write_file", { path: "src/a.txt", content: "needle one\nhay\n" }),
    call("exec", { argv: ["sed", "s/one/two/", "src/a.txt"] }),
    call("shell", { command: "tr a-z A-Z < src/a.txt > src/b.txt" }),
    call("search_files", { pattern: "needle", ignore_case: true }),
  ];
  await open(calls, { allow: [...FILES, "tools.exec", "tools.shell"] });
  await rig.start();
  const run = await runCli(rig.home, ["run", "work on it"]);
  expect([run.code, run.stdout, run.stderr]).toEqual([0, "all done\n", ""]);
  expect(readFileSync(inWorkspace("src/b.txt"), "utf8")).toBe("NEEDLE ONE\nHAY\n");
  expect(told()[1]).toContain("stdout:\nneedle two\nhay\n");
  expect(told()[3]).toBe("src/a.txt:1: needle one\nsrc/b.txt:1: NEEDLE ONE\n[2 matching lines in 2 files]");
  const decisions = rig.read((db) => db.audit().filter(({ capability }) => capability.startsWith("tools.")));
  expect(decisions.map(({ decision }) => decision)).toEqual(["allow", "allow", "allow", "allow"]);
});

test(row("D-06", "an agent that is given some tools cannot call another by its name"), async () => {
  const alert = call("send_alert", { severity: "info", title: "t", body: "b" });
  await open([alert, call("now", {})], { config: { agents: [{ agent_id: "narrow", tools: ["now"] }] } });
  await rig.start();
  expect((await runCli(rig.home, ["run", "--agent", "narrow", "alert"])).code).toBe(0);
  expect(told()[0]).toBe('TOOL_UNKNOWN: there is no tool "send_alert"; there are: now');
  expect(told()[1]).toMatch(/^2\d\d\d-/);
  expect(rig.sink.calls).toEqual([]);
});

test(
  row(
    ["G-01", "G-03"],
    "`..` and a link out are refused, audited with their code, and the model is told why",
  ),
  async () => {
    const outs = ["../policy.yaml", "../../../../etc/passwd", "out/passwd", "secret"];
    await open([
      ...outs.map((path) => call("read_file", { path })),
      ...outs.map((path) => call("write_file", { path, content: "mine now" })),
      call("search_files", { pattern: "root:", path: "out" }),
    ]);
    await rig.start();
    symlinkSync("/etc", inWorkspace("out"));
    symlinkSync(join(rig.home, "auth.token"), inWorkspace("secret"));
    const token = readFileSync(join(rig.home, "auth.token"), "utf8");
    expect((await runCli(rig.home, ["run", "get out"])).code).toBe(0);
    expect(told()).toHaveLength(9);
    for (const answer of told()) expect(answer).toMatch(/^PATH_(PROTECTED|OUTSIDE|SYMLINK): .{20}/);
    expect(readFileSync(join(rig.home, "auth.token"), "utf8")).toBe(token);
    const audit = rig.read((db) => db.audit().filter(({ capability }) => /_files?$/.test(capability)));
    expect(audit.map(({ decision }) => decision)).toEqual(Array.from({ length: 9 }, () => "deny"));
    const codes = audit.map(({ code }) => code);
    expect(told().map((answer) => answer.split(":")[0])).toEqual(codes);
    expect((await runCli(rig.home, ["audit", "verify"])).code).toBe(0);
  },
);

test(
  verifies("SEC-008", row("E-16", "asked, killed, restarted, approved from the command line: done once")),
  async () => {
    const alert = call("send_alert", { severity: "info", title: "once", body: "b" });
    const policy = { rules: [{ effect: "ask", capability: "tools.send_alert", reason: "it wakes people" }] };
    await open([alert], { allow: FILES, policy });
    let daemon = await rig.start();
    const run = await runCli(rig.home, ["run", "alert them"]);
    expect([run.code, run.stdout]).toEqual([1, ""]);
    expect(run.stderr).toContain("wants to use tools.send_alert (it wakes people)");
    const id = /goclaw approvals approve (\S+)/.exec(run.stderr)?.[1] ?? "";
    const [task] = rig.read((db) => db.tasks());
    const why = await runCli(rig.home, ["task", "why", task!.id]);
    expect(why.stdout).toContain(`goclaw approvals approve ${id}`);
    const status = await runCli(rig.home, ["status"]);
    expect(status.stdout).toMatch(/approvals +1 waits for you/);
    await daemon.kill();
    daemon = await rig.start();
    expect((await runCli(rig.home, ["approvals", "approve", id])).code).toBe(0);
    expect((await ended(daemon.client, task!.id)).result?.text).toBe("all done");
    expect(rig.sink.calls).toHaveLength(1);
    const again = await runCli(rig.home, ["approvals", "approve", id]);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("is USED already")]);
    expect(rig.sink.calls).toHaveLength(1);
    expect((await runCli(rig.home, ["status"])).stdout).not.toContain("waits for you");
  },
);

test("after kill -9 in the middle of a command and of an MCP call no child is alive once it has started again", async () => {
  const odd = await openOdd(["hang"], { allow: ["acp.*", "admin.*", "mcp.*", "tools.shell"] });
  rig = odd.rig;
  const server = join(odd.home, "tools.json");
  await odd.ask("hang");
  await until("the server has the call", () => odd.ledger() !== "");
  const sleep = `sleep 47${process.pid}`;
  if (hasBwrap()) {
    await odd.ask(call("shell", { command: `setsid ${sleep} & touch started; ${sleep}` }));
    await until("the command runs", () => existsSync(inWorkspace("started")));
    expect(processesWith(sleep).length).toBeGreaterThan(0);
  }
  expect(processesWith(server)).toHaveLength(1);
  await odd.restart("kill");
  expect([processesWith(server), processesWith(sleep)]).toEqual([[], []]);
  expect(existsSync(join(odd.home, "run/children"))).toBe(false);
});
