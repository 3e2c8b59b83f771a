// The token of a home is printed to who asks for it, and by nothing else that a person runs or reads.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { submit } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";

let rig: Rig;
afterEach(() => rig.close());

const COMMANDS = [
  ["run", "task a"],
  ["status"],
  ["status", "--json"],
  ["task", "list"],
  ["config", "validate"],
  ["policy", "check"],
  ["policy", "explain", "--capability", "tools.now"],
  ["audit", "tail"],
  ["approvals", "list"],
  ["model", "list"],
  ["mcp", "list"],
  ["key", "list"],
  ["db", "check"],
  ["cost"],
  ["nonsense"],
  ["task", "show", "nope"],
];

test(verifies("CFG-004", "no command, log or file but auth.token holds the token unasked"), async () => {
  rig = await createRig();
  const first = await runCli(rig.home, ["run", "task first"]);
  const token = readFileSync(join(rig.home, "auth.token"), "utf8").trim();
  expect(token.length).toBeGreaterThan(30);
  const daemon = await rig.start();
  await submit(daemon.client, "task b");
  const said = [first, ...(await Promise.all(COMMANDS.map((words) => runCli(rig.home, words))))];
  await daemon.stop();
  expect(said.filter(({ stdout, stderr }) => `${stdout}${stderr}`.includes(token))).toEqual([]);
  const files = readdirSync(rig.home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file, "latin1").includes(token));
  expect(files).toEqual([join(rig.home, "auth.token")]);
  expect((await runCli(rig.home, ["token", "show"])).stdout).toContain(token);
});
