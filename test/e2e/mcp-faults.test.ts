// MCP servers that break and attack, against the real daemon: whatever one does ends in the call it was asked for, and
// none of it outlives the daemon.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import { approve, FILESYSTEM, ODD, scripted } from "../support/mcp.ts";
import { type OddRig, openOdd, tool } from "../support/odd-rig.ts";
import { isRunning } from "../support/processes.ts";
import { nodeUnderTest, REPOSITORY } from "../support/program.ts";
import { ended, taskWhere } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

let odd: OddRig;
afterEach(async () => {
  await odd.rig.close();
});

test(row("I-12", "a server that wants a model, the user or files gets none"), async () => {
  odd = await openOdd(["wants", "notify", "echo"]);
  const [text = ""] = await odd.told("wants");
  const replies = JSON.parse(text) as { code: number; message: string }[];
  expect(replies).toHaveLength(3);
  for (const { code, message } of replies) {
    expect(code).toBe(-32601);
    expect(message).toMatch(/CAP_DENIED|not found/i);
  }
  expect(odd.rig.stub.calls.filter((call) => call.turn === 0)).toHaveLength(1);
  await odd.parked("notify");
  expect((await odd.told("echo"))[0]).toContain("did echo");
});

test(
  row("I-13", "results are capped, links are not followed, and what is too large is not kept"),
  async () => {
    odd = await openOdd(["long", "many", "link", "big", "echo"]);
    const [long = "", many = "", link = ""] = await odd.told("long", "many", "link");
    expect(long.length).toBeLessThan(300_000);
    expect(long).toMatch(/cut/);
    expect(many.length).toBeLessThan(300_000);
    expect(link).toBe("[link to file:///etc/passwd, not followed]");
    const id = await odd.parked("big");
    const why = await runCli(odd.home, ["task", "why", id]);
    expect(`${why.stdout}`).toMatch(/EFFECT_UNKNOWN/);
    expect((await odd.told("echo"))[0]).toContain("did echo");
  },
);

test(
  row("R-22", "a server that dies, hangs, floods or babbles ends its call, and the next one starts it again"),
  async () => {
    odd = await openOdd(["die", "hang", "flood", "stray", "twice", "refuse", "pid", "stderr"], {
      server: { timeout_seconds: 1 },
    });
    const [first] = await odd.told("pid");
    for (const name of ["die", "hang", "flood", "stray"]) await odd.parked(name);
    const [second] = await odd.told("pid");
    expect(second).not.toBe(first);
    expect(isRunning(Number(first))).toBe(false);
    expect(await odd.told("twice", "refuse", "stderr")).toEqual([
      "first",
      expect.stringContaining("not today"),
      "complained",
    ]);
    const log = readFileSync(join(odd.home, "logs/system.jsonl"), "utf8");
    expect(log).toContain("complaint");
    expect(log).not.toContain("abcdefghijklmnopqrstuvwxyz");
    expect(log.split("complaint").length).toBeLessThan(250);
  },
);

test(
  row("N-02", "a secret that a server complains with is not cut in half before it is hidden"),
  async () => {
    const API_TOKEN = "Tq5-of-the-odd-server-and-nobody-else";
    odd = await openOdd(["whisper"], { server: { env: { API_TOKEN } } });
    await odd.told("whisper");
    const log = (): string => readFileSync(join(odd.home, "logs/system.jsonl"), "utf8");
    await until("it is logged", () => log().includes("wwww"));
    expect(log()).not.toContain(API_TOKEN.slice(0, 8));
  },
);

test(
  row("R-22", "a server that cannot start is tried again after longer and longer waits, then left alone"),
  async () => {
    odd = await openOdd(["echo", "die"]);
    for (let turn = 0; turn < 5; turn++) await odd.parked("die");
    const [text] = await odd.told("echo");
    expect(text).toMatch(/MCP_UNAVAILABLE.*left alone/);
    expect((await odd.now()).trouble).toContain("failure 5");
    expect(odd.ledger().match(/die/g)).toHaveLength(5);
  },
);

test("a canceled task stops waiting for its server, and nobody calls again", async () => {
  odd = await openOdd(["hang"], { server: { timeout_seconds: 60 } });
  const id = await odd.ask("hang");
  await until("the server was called", () => odd.ledger().includes("hang"));
  expect((await odd.daemon.client.post(`/api/v1/tasks/${id}/cancel`, {})).status).toBe(200);
  expect((await ended(odd.daemon.client, id)).state).toBe("CANCELED");
  await until("the server was told", () => odd.ledger().includes("canceled"));
  expect(odd.ledger()).toBe("hang\ncanceled\n");
});

test("after kill -9 of the daemon no server and nothing it started is alive once the next one is ready", async () => {
  odd = await openOdd(["pid", "spawn"]);
  const [server, grandchild] = (await odd.told("pid", "spawn")).map(Number);
  expect(isRunning(server ?? 0)).toBe(true);
  expect(isRunning(grandchild ?? 0)).toBe(true);
  await odd.restart("kill");
  expect(isRunning(server ?? 0)).toBe(false);
  expect(isRunning(grandchild ?? 0)).toBe(false);
  expect(Number((await odd.told("pid"))[0])).not.toBe(server);
});

test("a call that was under way when the daemon died is never made again", async () => {
  odd = await openOdd(["hang"], { server: { timeout_seconds: 60 } });
  const id = await odd.ask("hang");
  await until("the server was called", () => odd.ledger().includes("hang"));
  await odd.restart("kill");
  await taskWhere(odd.daemon.client, id, "waits", (task) => task.reason_code === "EFFECT_UNKNOWN", 15_000);
  expect(odd.ledger()).toBe("hang\n");
});

test("one process serves every agent and task, and an idle one is stopped", async () => {
  odd = await openOdd(["pid"], { idleSeconds: 1 });
  const [first, again] = await odd.told("pid", "pid");
  expect(again).toBe(first);
  await until("the idle server stops", async () => !(await odd.now()).running);
  await until("its process is gone", () => !isRunning(Number(first)));
});

test("the published file server keeps to its directory and its tools are `once` and outgoing", async () => {
  odd = await openOdd([]);
  odd.configure([scripted("fs", FILESYSTEM, ["."])]);
  await odd.restart();
  await approve(odd.home, "fs");
  const [outside] = await odd.told({ name: "mcp__fs__read_text_file", args: { path: "/etc/passwd" } });
  expect(outside).toMatch(/denied|outside/i);
  const rows = odd.rig.read((db) =>
    db.audit().filter(({ capability }) => String(capability).startsWith("mcp.")),
  );
  expect(rows.map(({ capability, decision }) => [capability, decision])).toEqual([
    ["mcp.fs.read_text_file", "allow"],
  ]);
});

test(row("I-14", "a caged server reaches no file, process and address but those it was given"), async () => {
  odd = await openOdd([]);
  odd.list(tool("reach"), tool("env"));
  const inside = join(odd.home, "workspace/given");
  mkdirSync(inside);
  // Node itself is outside /usr here; a script needs what it is made of.
  const read = [dirname(nodeUnderTest()), join(REPOSITORY, "package.json"), join(odd.home, "tools.json")];
  const sandbox = { enabled: true, read, write: [inside] };
  const entry = scripted("odd", ODD, [join(odd.home, "tools.json")], { sandbox });
  odd.configure([entry]);
  await odd.restart();
  await approve(odd.home, "odd");
  const port = Number(new URL(odd.rig.stub.baseUrl).port);
  const args = { outside: odd.home, inside, port };
  const [caged = "", env = ""] = await odd.told({ name: "mcp__odd__reach", args }, "env");
  expect(JSON.parse(caged)).toEqual({
    write_outside: expect.any(String),
    write_system: "EROFS",
    read_outside: "ENOENT",
    write_inside: "done",
    connect: "ECONNREFUSED",
    processes: expect.any(Number),
  });
  // In its own /tmp it may do what it likes; nobody else sees that.
  expect(existsSync(join(odd.home, "x"))).toBe(false);
  expect(existsSync(join(inside, "x"))).toBe(true);
  expect((JSON.parse(caged) as { processes: number }).processes).toBeLessThan(4);
  expect(Object.keys(JSON.parse(env) as object)).not.toContain("ANTHROPIC_API_KEY");
  const { pid } = await odd.now();
  await odd.restart("kill");
  expect(isRunning(pid ?? 0)).toBe(false);

  odd.configure([{ ...entry, sandbox: { ...sandbox, network: true } }]);
  await odd.restart();
  expect((await odd.now()).status).toBe("changed");
  await approve(odd.home, "odd");
  const [open = ""] = await odd.told({ name: "mcp__odd__reach", args });
  expect(JSON.parse(open)).toMatchObject({ connect: "done", read_outside: "ENOENT" });
});
