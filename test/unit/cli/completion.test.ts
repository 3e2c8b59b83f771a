// The completion scripts, asked by their own shells where these are here: commands, options, and the words that an option
// or an argument takes.

import { execFileSync, spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { fakeContext } from "./stand-in.ts";

async function script(shell: string): Promise<string> {
  const context = fakeContext();
  expect(await runProgram(["completion", shell], context)).toBe(0);
  return context.stdout.text();
}

const LINES: readonly (readonly [line: string, words: readonly string[]])[] = [
  ["goclaw cr", ["cron"]],
  ["goclaw cron re", ["remove"]],
  ["goclaw --home /tmp task re", ["retry", "resolve"]],
  ["goclaw task list --sta", ["--state"]],
  ["goclaw task list --state RE", ["RETRY_WAIT"]],
  ["goclaw cost --by sch", ["schedule"]],
  ["goclaw cron add --misfire o", ["once"]],
  ["goclaw completion f", ["fish"]],
];

test.each(LINES)("bash completes %j", async (line, words) => {
  const asked = line.split(" ");
  const lines = [
    await script("bash"),
    `COMP_WORDS=(${asked.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${asked.length - 1}`,
    '_goclaw; printf "%s\\n" "${COMPREPLY[@]}"',
  ];
  const said = execFileSync("bash", ["-c", lines.join("\n")], { encoding: "utf8" });
  expect(said.trim().split("\n")).toEqual(words);
});

test.each(LINES)("fish completes %j", async (line, words) => {
  const text = await script("fish");
  // Within quotes fish before 3.4 takes a substitution as it is written, and later ones want a `$`.
  expect(text).not.toMatch(/"\(/);
  const fish = process.env.GOCLAW_TEST_FISH ?? "fish";
  const asked = spawnSync(fish, ["--no-config", "-c", `${text}\ncomplete -C '${line}'`], {
    encoding: "utf8",
  });
  if (asked.error !== undefined) return;
  const said = asked.stdout.trim().split("\n");
  expect(said.map((one) => one.split("\t")[0]).sort()).toEqual([...words].sort());
});
