// The tools exec and shell in the real daemon: what they do in the workspace, what the model is told of a refusal, and
// that no command outlives its task or its daemon.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import type { Daemon } from "../support/daemon.ts";
import type { StubToolCall } from "../support/directive.ts";
import { processesWith } from "../support/processes.ts";
import { createRig, type Rig, type RigOptions } from "../support/rig.ts";
import { hasBwrap } from "../support/sandbox.ts";
import { ended, submit, taskWhere } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
let daemon: Daemon;
afterEach(() => rig.close());

const shell = (command: string, more: object = {}): StubToolCall => ({
  name: "shell",
  args: { command, ...more },
});
const exec = (argv: readonly string[], more: object = {}): StubToolCall => ({
  name: "exec",
  args: { argv, ...more },
});
const inWorkspace = (name: string): string => join(rig.home, "workspace", name);

/** Starts a daemon whose model makes these calls at once, and submits a task. */
async function begin(toolCalls: readonly StubToolCall[], options: RigOptions = {}): Promise<string> {
  rig = await createRig(options);
  rig.stub.use((_, place) => (place.turn === 0 ? { toolCalls } : { text: "done" }));
  daemon = await rig.start();
  return submit(daemon.client, "task x");
}

/** What the model was told about each call. */
async function told(toolCalls: readonly StubToolCall[], options: RigOptions = {}): Promise<string[]> {
  const id = await begin(toolCalls, options);
  expect((await ended(daemon.client, id, 60_000)).state).toBe("SUCCEEDED");
  const call = rig.stub.calls.find((each) => each.turn === 1);
  return (call?.body.messages ?? []).flatMap(({ role, content }) =>
    role === "tool" ? [String(content)] : [],
  );
}

describe.skipIf(!hasBwrap())("with bubblewrap", () => {
  test("a command runs in the workspace, and the model is told how it ended and what it printed", async () => {
    const answers = await told([
      exec(["git", "init", "-q", "app"]),
      shell("echo hi > a.txt && git add a.txt && git commit -qm one && git log --format=%s", {
        cwd: "app",
        env: {
          GIT_AUTHOR_NAME: "a",
          GIT_AUTHOR_EMAIL: "a@b",
          GIT_COMMITTER_NAME: "a",
          GIT_COMMITTER_EMAIL: "a@b",
        },
      }),
      exec(["wc", "-c"], { stdin: "four" }),
      shell("printf '\\033[31mred\\n'; echo oops >&2; exit 3"),
      exec(["no-such-program"]),
      exec(["ls"], { cwd: "../.." }),
      exec(["ls"], { env: { LD_PRELOAD: "x" } }),
      shell("sleep 100", { timeout_sec: 0.2 }),
    ]);
    expect(answers[0]).toMatch(/^exit code 0 after [\d.]+ s\nstdout: \(empty\)\nstderr: \(empty\)$/);
    expect(answers[1]).toMatch(/^exit code 0 .*\nstdout:\none\nstderr: \(empty\)$/);
    expect(answers[2]).toContain("stdout:\n4\n");
    expect(answers[3]).toMatch(/^exit code 3 .*\nstdout:\n\u241b\[31mred\nstderr:\noops$/);
    expect(answers[4]).toContain('EXEC_FAILED: there is no program "no-such-program"');
    expect(answers[5]).toContain("PATH_OUTSIDE");
    expect(answers[6]).toContain("ENV_DENIED");
    expect(answers[7]).toMatch(/^LIMIT_TIME: it was ended after 0.2 s/);
    const head = execFileSync("git", ["-C", inWorkspace("app"), "log", "--format=%s"], { encoding: "utf8" });
    expect(head).toBe("one\n");
    const effects = rig.read((db) => db.effects());
    expect(effects.every((effect) => effect.class === "once" && effect.status !== "PENDING")).toBe(true);
    expect(rig.read((db) => db.audit().filter((each) => each.capability === "tools.exec"))).toHaveLength(5);
    const health = (await daemon.client.get("/healthz")).json<{ sandbox: object }>();
    expect(health.sandbox).toEqual({ mode: "bwrap", ok: true, limits_memory: expect.any(Boolean) });
  });

  test(
    row(["F-14", "D-08"], "no command sees the home, its keys or its files, and none writes there"),
    async () => {
      const answers = await told([
        shell(
          `env; cat ../config.yaml ../auth.token ../policy.yaml ../goclaw.db; echo x > ../policy.yaml; ls -a ..`,
        ),
        shell("cat /proc/*/environ | tr '\\0' '\\n'; timeout 5 cat /proc/self/fd/*"),
        exec(["ln", "../auth.token", "t"]),
        exec(["cp", "/proc/self/root/../auth.token", "t"]),
      ]);
      const token = readFileSync(join(rig.home, "auth.token"), "utf8").trim();
      for (const answer of answers) {
        expect(answer).not.toContain("sk-stub");
        expect(answer).not.toContain(token);
      }
      expect(answers[0]).toContain("No such file or directory");
      expect(readFileSync(join(rig.home, "policy.yaml"), "utf8")).toContain("tools.*");
      expect(existsSync(inWorkspace("t"))).toBe(false);
    },
  );

  test(
    row("F-20", "endless output costs the daemon nothing, and the model is told what is left out"),
    async () => {
      const [answer] = await told([
        shell("yes | head -c 300000000; head -c 3000000 /dev/zero | tr '\\0' '\\033' >&2"),
      ]);
      expect(answer).toContain(
        "[LIMIT_SIZE: the middle of stdout is left out, of which 299737856 bytes were thrown away",
      );
      expect(answer!.length).toBeLessThan(33_000);
    },
  );

  test("a canceled task takes its command with it", async () => {
    const mark = `41${process.pid}`;
    const id = await begin([shell(`touch started; sleep ${mark} & sleep ${mark}`)]);
    await until("the command's start", () => existsSync(inWorkspace("started")));
    expect((await daemon.client.post(`/api/v1/tasks/${id}/cancel`)).status).toBe(200);
    await until("its end", () => processesWith(`sleep ${mark}`).length === 0);
  });

  test("after kill -9 no command is alive once the daemon has started again, and its task asks", async () => {
    const mark = `42${process.pid}`;
    const id = await begin([shell(`touch started; setsid sleep ${mark} & trap '' TERM; sleep ${mark}`)]);
    await until("the command's start", () => existsSync(inWorkspace("started")));
    await daemon.kill();
    daemon = await rig.start();
    expect(processesWith(`sleep ${mark}`)).toEqual([]);
    expect(existsSync(join(rig.home, "run/children"))).toBe(false);
    await taskWhere(daemon.client, id, "asks", (task) => task.reason_code === "EFFECT_UNKNOWN");
  });

  test("a polite stop ends a command and leaves no cover in the workspace", async () => {
    const mark = `43${process.pid}`;
    await begin([shell(`touch started; sleep ${mark}`)]);
    await until("the command's start", () => existsSync(inWorkspace("started")));
    await daemon.stop();
    expect(processesWith(`sleep ${mark}`)).toEqual([]);
    expect(readdirSync(join(rig.home, "workspace"))).toEqual([".goclaw", "started"]);
  });
});

test(row("F-01", "a policy that does not name exec lets no command run"), async () => {
  const answers = await told([exec(["id"]), shell("id")], { allow: ["acp.read", "acp.mutate", "tools.now"] });
  expect(answers.map((answer) => answer.slice(0, 11))).toEqual(["CAP_DENIED:", "CAP_DENIED:"]);
});

test(
  row(["F-02", "F-03", "F-04", "F-06"], "a policy of exec alone has no shell: no line is ever read by one"),
  async () => {
    const lines = [
      ...[
        "ls\ntouch p",
        "ls & touch p",
        "ls;touch p",
        "ls||touch p",
        "(touch p)",
        "{ touch p; }",
        "echo x | sh",
      ],
      ...[
        'echo "$(touch p)"',
        "echo `touch p`",
        "echo <(touch p)",
        't""ouch p',
        "$'\\x74ouch' p",
        "t\\ouch p",
      ],
    ];
    const calls = lines.flatMap((line) => [shell(line), exec([line])]);
    const answers = await told(calls, { allow: ["acp.read", "acp.mutate", "tools.exec"] });
    for (const [index, answer] of answers.entries())
      expect(answer).toMatch(index % 2 === 0 ? /^CAP_DENIED: / : /^EXEC_FAILED: there is no program/);
    expect(existsSync(inWorkspace("p"))).toBe(false);
  },
);

test(
  row("F-23", "where the sandbox is missing a command is refused with its code, and health says so"),
  async () => {
    const config = { tools: { shell: { bwrap_path: "/no/such/bwrap" } } };
    const answers = await told([shell("touch p"), exec(["touch", "p"])], { config });
    for (const answer of answers)
      expect(answer).toMatch(/^SANDBOX_UNAVAILABLE: .*\/no\/such\/bwrap is not installed/);
    expect(existsSync(inWorkspace("p"))).toBe(false);
    const health = (await daemon.client.get("/healthz")).json<{ sandbox: object }>();
    expect(health.sandbox).toMatchObject({ mode: "bwrap", ok: false });
  },
);

test(
  row("F-23", "host and docker are never a way around: the one needs the policy, the other its engine"),
  async () => {
    const host = { config: { tools: { shell: { sandbox: "host" } } } };
    expect(await told([shell("touch p")], host)).toEqual([expect.stringContaining("SANDBOX_DENIED: ")]);
    expect(existsSync(inWorkspace("p"))).toBe(false);
    await rig.close();
    const docker = { config: { tools: { shell: { sandbox: "docker", docker_image: "debian:12" } } } };
    expect(await told([shell("touch p")], docker)).toEqual([
      expect.stringContaining("SANDBOX_UNAVAILABLE: "),
    ]);
    expect(existsSync(inWorkspace("p"))).toBe(false);
  },
);
