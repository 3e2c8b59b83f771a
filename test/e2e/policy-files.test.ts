// Policies and cases that are no file, no text or too much of it: named with what is wrong, and never called a defect.

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import { createRig, type Rig } from "../support/rig.ts";

let rig: Rig;
const at = (name: string): string => join(rig.home, name);
beforeAll(async () => {
  rig = await createRig();
});
afterAll(() => rig.close());

const FILES: readonly (readonly [name: string, make: (file: string) => void, says: RegExp])[] = [
  ["that is not there", (file) => rmSync(file, { recursive: true, force: true }), /no such file/],
  ["that is a directory", (file) => mkdirSync(file), /not a regular file/],
  ["that is a pipe", (file) => void execFileSync("mkfifo", [file]), /not a regular file/],
  ["that is no text", (file) => writeFileSync(file, Buffer.from([0xff, 0xfe, 0])), /not UTF-8/],
  ["of 2 MB", (file) => writeFileSync(file, "a".repeat(2_000_000)), /larger than/],
];
const COMMANDS = [
  ["policy", "check", "FILE"],
  ["policy", "test", "FILE"],
  ["policy", "diff", "--since", "7d", "--with", "FILE"],
  ["policy", "explain", "--capability", "tools.now", "--policy", "FILE"],
];

test.each(FILES)(row("D-05", "a file %s is refused by name, whoever reads it"), async (_what, make, says) => {
  const file = at("given.yaml");
  rmSync(file, { recursive: true, force: true });
  make(file);
  for (const words of COMMANDS) {
    const { code, stderr } = await runCli(
      rig.home,
      words.map((word) => (word === "FILE" ? file : word)),
    );
    expect([words.join(" "), code, stderr]).toEqual([
      words.join(" "),
      77,
      expect.stringMatching(/^goclaw: \S*given\.yaml: .*\(POLICY_INVALID\)\n$/),
    ]);
    expect(stderr).toMatch(says);
  }
});

test("a capability that is not known gets the nearest one", async () => {
  const { code, stderr } = await runCli(rig.home, ["policy", "explain", "--capability", "tools.exek"]);
  expect([code, stderr]).toEqual([
    1,
    'goclaw: there is no capability "tools.exek"; did you mean tools.exec? (BAD_REQUEST)\n',
  ]);
});

test.each(FILES.slice(1))(
  row("D-05", "a daemon does not start with a policy.yaml %s, and says why"),
  async (_what, make, says) => {
    rmSync(at("policy.yaml"), { recursive: true, force: true });
    make(at("policy.yaml"));
    const { code, stderr } = await runCli(rig.home, ["daemon", "run"]);
    expect([code, stderr]).toEqual([77, expect.stringMatching(/policy\.yaml: .*\(POLICY_INVALID\)/)]);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/defect/);
  },
);
