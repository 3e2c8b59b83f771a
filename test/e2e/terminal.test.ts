// What the command line shows of others' words: prompts, answers, results, errors and file names cannot move a terminal's
// cursor, set its title, fill its clipboard or reorder a line.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit, taskWhere } from "../support/tasks.ts";
import { foreignControls, runInTerminal } from "../support/terminal.ts";

let rig: Rig;
let daemon: Daemon;
afterEach(async () => {
  if (rig !== undefined) await rig.close();
});

const ESC = "\u001b";
const EVIL = [
  `${ESC}[2J${ESC}[1;1H${ESC}[31mred`,
  `${ESC}]0;title\u0007${ESC}]2;t${ESC}\\`,
  `${ESC}]8;;http://evil/${ESC}\\link${ESC}]8;;${ESC}\\`,
  `${ESC}]52;c;ZXZpbA==\u0007${ESC}]1337;File=:AA==\u0007`,
  `${ESC}Pq#0${ESC}\\${ESC}_apc${ESC}\\${ESC}^pm${ESC}\\`,
  "\u009b31m\u009d0;t\u009c\u0090q\u009c",
  "safe\rFORGED\b\b\b\u0007\u000e\u0000\u007f",
  "\u202ereversed\u2066x\u2069\u200bhidden\ufeff\u{e0041}",
  `half a sequence ${ESC}`,
].join(" | ");

async function openHostile(): Promise<string> {
  rig = await createRig({
    policy: { rules: [{ effect: "ask", capability: "tools.send_alert", reason: "ask" }] },
  });
  daemon = await rig.start();
  mkdirSync(join(rig.home, "workspace"), { recursive: true });
  writeFileSync(join(rig.home, "workspace", `evil${ESC}[31m\u202e.txt`), EVIL);
  rig.stub.use((_, { turn }) =>
    turn > 0
      ? { text: EVIL }
      : {
          text: EVIL,
          toolCalls: [
            { name: "list_directory", args: {} },
            { name: "read_file", args: { path: EVIL } },
            { name: EVIL, args: { a: EVIL } },
          ],
        },
  );
  const id = await submit(daemon.client, `task evil ${EVIL}`);
  await ended(daemon.client, id);
  return id;
}

test("the parser finds what a terminal would act on, and passes colours", () => {
  expect(foreignControls(`${ESC}[31mred${ESC}[0m\r\n`)).toEqual([]);
  for (const part of EVIL.split(" | ")) expect(foreignControls(part), JSON.stringify(part)).not.toEqual([]);
});

test(row("O-01", "no command lets through a sequence that it did not choose"), async () => {
  const id = await openHostile();
  const commands = [
    ["task", "show", id],
    ["task", "why", id],
    ["task", "tail", id],
    ["task", "list"],
    ["session", "list"],
    ["run", `task again ${EVIL}`],
    ["run", "--verbose", `task more ${EVIL}`],
    ["audit", "tail", "--limit", "100"],
    ["status"],
    ["cost"],
    ["task", "show", EVIL],
    [EVIL],
    ["config", "get", EVIL],
    ["policy", "explain", "--agent", EVIL, "--capability", "tools.now", "--path", EVIL],
  ];
  for (const args of commands) {
    const { text } = await runInTerminal(
      rig.home,
      args.map((word) => word.replaceAll("\0", "")),
    );
    expect([args[0], args[1], foreignControls(text)]).toEqual([args[0], args[1], []]);
    expect(text.trim().length, args.join(" ")).toBeGreaterThan(5);
  }
});

test(row("O-01", "an approval shows what it would do without doing anything to the terminal"), async () => {
  await openHostile();
  rig.stub.use((_, { turn }) =>
    turn > 0
      ? { text: "ok" }
      : { toolCalls: [{ name: "send_alert", args: { severity: "info", title: "t", body: "x\ny" } }] },
  );
  const id = await submit(daemon.client, `task ask ${EVIL}`);
  await taskWhere(daemon.client, id, "waits", (task) => task.reason_code === "AWAITING_APPROVAL");
  for (const args of [["approvals"], ["approvals", "list"]]) {
    const { text } = await runInTerminal(rig.home, args);
    expect(foreignControls(text)).toEqual([]);
  }
});

test(row("O-04", "no width breaks a command, whatever has to be cut"), async () => {
  rig = await createRig();
  daemon = await rig.start();
  const wide = `${"👩\u200d💻".repeat(40)} ${"e\u0301".repeat(2_000)} ${"日本".repeat(100)} עברית ${"\u0301".repeat(10_000)}`;
  rig.stub.use(() => ({ text: wide }));
  const id = await submit(daemon.client, `task wide ${wide}`);
  await ended(daemon.client, id);
  for (const columns of [1, 2, 20, 400])
    for (const args of [["task", "list"], ["task", "show", id], ["status"], ["help"]]) {
      const { code, text } = await runInTerminal(rig.home, args, { columns });
      expect([args, columns, code, foreignControls(text)]).toEqual([args, columns, 0, []]);
    }
});

test(row("O-05", "what is no terminal, or wants no colours, gets no escape at all"), async () => {
  const id = await openHostile();
  for (const args of [
    ["status"],
    ["task", "list"],
    ["task", "show", id],
    ["help"],
    ["policy", "explain", "--capability", "x"],
  ]) {
    const piped = await runCli(rig.home, args);
    expect([args, /[^\P{Cc}\n]/u.test(piped.stdout + piped.stderr)]).toEqual([args, false]);
    const plain = await runInTerminal(rig.home, args, { env: { NO_COLOR: "1" } });
    expect([args, plain.text.includes(ESC)]).toEqual([args, false]);
  }
});

test(row("O-06", "an image or link in an answer is text: shown whole, and never fetched"), async () => {
  rig = await createRig();
  daemon = await rig.start();
  const url = new URL(rig.sink.url).origin;
  const answer = `![x](${url}/?d=SECRET) [https://bank.example](${url}/evil) <img src="${url}/i.png">`;
  rig.stub.use(() => ({ text: answer }));
  const { text } = await runInTerminal(rig.home, ["run", "task o6"]);
  expect(text).toContain(`${url}/?d=SECRET`);
  expect(text).toContain(`[https://bank.example](${url}/evil)`);
  expect(text).not.toContain(`${ESC}]8`);
  expect(rig.sink.calls).toEqual([]);
});
