// The command tree is the one description: code exists for each command, help and completion know each, and a mistake is
// met with the nearest word.

import { expect, test } from "vitest";
import { commandPaths, findSpec, ROOT } from "../../../src/cli/command-tree.ts";
import { LOADERS } from "../../../src/cli/loaders.ts";
import { runProgram } from "../../../src/cli/program.ts";
import { fakeContext } from "./stand-in.ts";

const paths = commandPaths();

async function run(...argv: string[]) {
  const context = fakeContext();
  const code = await runProgram(argv, context);
  return { code, stdout: context.stdout.text(), stderr: context.stderr.text() };
}

test("every command has code, and every code a command", async () => {
  expect(Object.keys(LOADERS).sort()).toEqual(paths.map((words) => words.join(" ")).sort());
  for (const load of Object.values(LOADERS)) expect(await load()).toBeTypeOf("function");
});

test("every command explains itself, in both ways", async () => {
  for (const words of paths) {
    const asked = await run("help", ...words);
    const flag = await run(...words, "--help");
    expect([words, flag.code, flag.stdout]).toEqual([words, 0, asked.stdout]);
    for (const option of findSpec(words).spec.options ?? []) {
      expect(asked.stdout).toContain(option.flags.split(" ")[0]);
    }
  }
});

test("every explanation begins with a whole sentence", async () => {
  for (const words of paths) {
    const [, , sentence = ""] = (await run("help", ...words)).stdout.split("\n");
    expect([words, sentence]).toEqual([words, expect.stringMatching(/^[A-Z]/)]);
  }
  expect((await run("help", "task", "list")).stdout).toContain("\nList tasks, the newest first.\n");
});

test("help lists every command at the beginning of a line", async () => {
  const { stdout } = await run("help");
  for (const { name } of ROOT.commands ?? []) expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, "m"));
});

test.each([
  [["demmo"], "did you mean demo?"],
  [["task", "lst"], "did you mean list?"],
  [["task"], "list, show, events"],
  [["task", "list", "--sate", "x"], "did you mean --state?"],
  [["task", "list", "--state", "failled"], "Did you mean FAILED?"],
  [["task", "list", "--limit", "0"], "from 1 to"],
  [["task", "resolve", "x"], "--happened or --did-not"],
  [["task", "show"], "missing required argument 'id'"],
  [["run", "two", "words"], "quotes"],
  [["run", " "], "the prompt is empty"],
  [["run", "-"], "standard input is empty"],
  [["run", "x", "--timeout", "soon"], "number of seconds"],
  [["run", "x", "--timeout", "0"], "above 0"],
  [["session", "compact", "x", "--timeout", "0.0"], "above 0"],
  [["completion", "tcsh"], "argument 'tcsh' for <shell> is invalid. It must be one of bash, zsh, fish."],
  [["help", "taks"], "did you mean task?"],
  [["--require=/x", "codes"], "--require"],
  [["codes\u001b[31m"], "unknown command"],
])("%j is a usage error that helps", async (argv, words) => {
  const { code, stdout, stderr } = await run(...argv);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(words);
  expect(stderr).toContain("Try `goclaw help");
  expect(stderr).not.toContain("\u001b");
});

test("--version prints the version and nothing else", async () => {
  expect(await run("--version")).toEqual({ code: 0, stdout: "1.2.3\n", stderr: "" });
});

test("completion knows every command and option", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { stdout } = await run("completion", shell);
    for (const words of paths) expect(stdout).toContain(words.at(-1) ?? "goclaw");
    for (const option of findSpec(["run"]).spec.options ?? []) {
      expect(stdout).toContain(option.flags.split(" ")[0]?.slice(2));
    }
  }
});
