// What the last `*` of an allowed command stands for: further words, never an option of a program that could run another
// one by it, and nothing at all where the further words are the program.

import { expect, test } from "vitest";
import { decide } from "../../../src/policy/decide.ts";
import { ruleLike } from "../../../src/policy/propose.ts";
import { row } from "../../support/catalogue.ts";
import { PLACE, policyOf } from "../../support/policy.ts";

const KNOWN = ["tools.exec", "tools.shell"];
const rules = (...commands: string[]): string =>
  `rules:\n${commands.map((command) => `  - {effect: allow, capability: tools.exec, command: ${JSON.stringify(command)}}`).join("\n")}`;

function judge(text: string, command: readonly string[]) {
  const touches = [{ command }];
  const request = { agentId: "a", capability: "tools.exec", touches, labels: [], isOutgoing: false };
  return decide(policyOf(text, KNOWN), PLACE, request);
}

const RUNNERS = [
  ["env *", "env", "-S", 'sh -c "touch p"'],
  ["env *", "env", "A=1", "sh"],
  ["nice *", "nice", "-n1", "sh"],
  ["nice -n1 *", "nice", "-n1", "sh"],
  ["timeout *", "timeout", "1", "sh"],
  ["stdbuf *", "stdbuf", "-o0", "sh"],
  ["/usr/bin/busybox *", "/usr/bin/busybox", "sh"],
  ["xargs *", "xargs", "sh"],
  ["xargs -0 *", "xargs", "-0", "sh"],
  ["find . *", "find", ".", "-exec", "touch", "p", ";"],
  ["ssh *", "ssh", "-oProxyCommand=touch p", "x"],
  ["git *", "git", "-c", "alias.x=!sh", "x"],
  ["git *", "git", "bisect", "run", "sh"],
  ["tar *", "tar", "xf", "a.tar", "--to-command=sh"],
  ["tar *", "tar", "xIf", "./evil", "a.tar"],
  ["awk *", "awk", 'BEGIN{system("touch p")}'],
  ["sed *", "sed", "1e touch p", "f"],
  ["vim *", "vim", "-c", "!touch p"],
  ["less *", "less", "+!touch p", "f"],
  ["python3.13 *", "python3.13", "x.py"],
  ["sudo -u root *", "sudo", "-u", "root", "sh"],
] as const;

const BY_OPTION = [
  ["sort *", "sort", "a", "--compress-prog=sh"],
  ["sort *", "sort", "--compress-p=sh", "a"],
  ["sort *", "sort", "-T", "/tmp", "a"],
  ["rsync *", "rsync", "-e", "sh", "a", "b"],
  ["curl *", "curl", "-K", "f"],
  ["wget *", "wget", "--use-askpass=sh", "u"],
  ["split *", "split", "--filter=sh", "a"],
  ["some-new-program *", "some-new-program", "--run=sh"],
] as const;

const SEARCHERS = [
  ["rg *", "rg", "--pre", "sh", "x"],
  ["rg x *", "rg", "x", "--hostname-bin=sh"],
  ["fd *", "fd", "-x", "sh"],
  ["fd a *", "fd", "a", "-x", "sh"],
  ["git grep *", "git", "grep", "-Osh", "x"],
  ["git grep *", "git", "grep", "--open-files-in-pager=sh", "x"],
] as const;

const asked = ([rule, ...argv]: readonly [string, ...string[]]): void => {
  const decided = judge(rules(rule), argv);
  expect(decided).toMatchObject({ effect: "ask", code: "EXEC_NOT_ALLOWED" });
  expect(decided.rule).toBe(`rule: allow tools.exec command ${rule}`);
  expect(judge(rules("ls *"), argv)).toMatchObject({ effect: "deny", code: "CAP_DENIED" });
};

test.each(RUNNERS.map((words) => ({ words })))(
  row("F-07", "$words: a program that runs others is asked"),
  ({ words }) => asked(words),
);
test.each(BY_OPTION.map((words) => ({ words })))(
  row("F-08", "$words: an option that the rule does not write out is asked"),
  ({ words }) => asked(words),
);
test.each(SEARCHERS.map((words) => ({ words })))(
  row("F-10", "$words: a searcher's way to run something is asked"),
  ({ words }) => asked(words),
);

test("a command runs only where the lists open its directory for writing, whatever rule allows it", () => {
  const inside = { command: ["ls"], path: { path: "sub", mode: "rw" as const } };
  const request = {
    agentId: "a",
    capability: "tools.exec",
    touches: [inside],
    labels: [],
    isOutgoing: false,
  };
  const effect = (text: string) => decide(policyOf(text, KNOWN), PLACE, request).effect;
  expect(effect(`allow_paths: [{path: workspace, mode: rw}]\n${rules("ls")}`)).toBe("allow");
  expect(effect(`allow_paths: [workspace]\n${rules("ls")}`)).toBe("deny");
  expect(effect(rules("ls"))).toBe("deny");
});

test(row(["F-07", "F-08", "F-10"], "what is written out is allowed, and a star covers plain words"), () => {
  for (const [rule, ...argv] of [
    ["ls *", "ls", "-la", "src"],
    ["grep *", "grep", "-rn", "x", "src"],
    ["sort *", "sort", "a", "b", "-"],
    ["sort -u *", "sort", "-u", "a"],
    ["git log *", "git", "log", "main"],
    ["npm run test *", "npm", "run", "test", "unit"],
    ["git *", "git"],
    ["*", "env", "sh"],
    ["env A=1 make", "env", "A=1", "make"],
  ] as const)
    expect(judge(rules(rule), argv), rule).toMatchObject({ effect: "allow" });
});

test("where the whole tool is allowed, or another rule covers the words, nobody is asked", () => {
  const argv = ["sort", "-T", "/tmp", "a"];
  expect(judge(`allow_capabilities: [tools.exec]\n${rules("sort *")}`, argv).effect).toBe("allow");
  expect(judge(rules("sort *", "sort -T /tmp *"), argv).effect).toBe("allow");
  const denied = `${rules("sort *", "sort -T *")}\n  - {effect: deny, capability: tools.exec, command: "sort *"}`;
  expect(judge(denied, argv).effect).toBe("deny");
});

test(row("F-08", "a word that only looks like an allowed one is another command"), () => {
  for (const argv of [["ls "], ["LS"], ["./ls"], ["/tmp/ls"], ["ls\n", "x"], ["", "ls"], ["ls -l"]])
    expect(judge(rules("ls *"), argv).effect, JSON.stringify(argv)).toBe("deny");
});

const like = (argv: readonly string[], executable = `/usr/bin/${argv[0]}`) =>
  ruleLike({
    agentId: "a",
    capability: "tools.exec",
    act: { tool: "exec", argv, executable: { path: executable } },
  });

test.each([
  [["sh", "-c", "ls"]],
  [["env", "ls"]],
  [["sudo", "ls"]],
  [["xargs"]],
  [["python", "x.py"]],
  [["python3.13", "x.py"]],
  [["npx", "y"]],
  [["git", "-c", "core.pager=touch p", "status"]],
  [["git", "bisect", "run", "sh"]],
  [["/usr/bin/env", "ls"]],
  [["ls", "*"]],
])(row("E-06", "no standing rule is proposed for %j"), (argv) => {
  expect(() => like(argv)).toThrow(/would allow too much/);
});

test(
  row("E-06", "a harmless name for a shell, or a program that an agent may rewrite, is refused as well"),
  () => {
    expect(() => like(["list"], "/usr/bin/dash")).toThrow(/would allow too much/);
    expect(() => like(["./build"], "/home/u/.goclaw/workspace/build")).toThrow(/may rewrite/);
  },
);

test(row("E-07", "the rule for the like of an act is exactly its words"), () => {
  const { command } = like(["git", "status"]);
  expect(command).toEqual(["git", "status"]);
  const text = `rules: [{effect: allow, capability: tools.exec, command: ${JSON.stringify(command)}}]`;
  expect(judge(text, ["git", "status"]).effect).toBe("allow");
  for (const argv of [
    ["git", "-c", "core.pager=touch /tmp/p", "status"],
    ["git", "", "status"],
    ["git  status"],
    ["/tmp/evil/git", "status"],
    ["git", "status", "-s"],
    ["git", "status", ""],
    ["git", "STATUS"],
  ])
    expect(judge(text, argv).effect, JSON.stringify(argv)).toBe("deny");
});
