// What a command may not touch in the very directory it may write: control files, there or not, what git obeys, and
// secrets; and that nothing is left of what covered them.

import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { row } from "../../support/catalogue.ts";
import { hasBwrap } from "../../support/sandbox.ts";
import { openSandboxRig, type SandboxRig } from "./rig.ts";

let rig: SandboxRig;
beforeEach(() => {
  rig = openSandboxRig();
});
afterEach(() => rig.close());

const git = (...args: string[]): string =>
  execFileSync("git", ["-C", rig.workspace, "-c", "user.name=a", "-c", "user.email=a@b", ...args], {
    env: { PATH: process.env.PATH, HOME: rig.home, GIT_CONFIG_NOSYSTEM: "1" },
    encoding: "utf8",
  });
const inWorkspace = (name: string): string => join(rig.workspace, name);

describe.skipIf(!hasBwrap())("in bubblewrap", () => {
  test(row("F-17", "start-up files in the workspace are not obeyed"), async () => {
    for (const name of [".env", ".bashrc", ".profile", ".bash_profile", ".shrc"])
      writeFileSync(inWorkspace(name), "touch pwned; export PWNED=1\n");
    await rig.sh("echo $PWNED; bash -c 'echo $PWNED'");
    expect(existsSync(inWorkspace("pwned"))).toBe(false);
  });

  test(
    row(["F-12", "F-18"], "control files cannot be made where they are absent, from whatever directory"),
    async () => {
      const names = [
        ".goclaw/config.yaml",
        ".mcp.json",
        ".vscode/tasks.json",
        ".idea/x",
        ".git/hooks/x",
        "AGENTS.md",
        ".envrc",
        ".bashrc",
      ];
      for (const name of names) {
        await rig.sh(`mkdir -p $(dirname ${name}); echo x > ${name}`);
        await rig.sh(
          `mkdir d; cd d; mkdir -p ../$(dirname ${name}); cp /etc/passwd ../${name}; cd ..; rm -rf d`,
        );
        await rig.sh(`echo x > tmp; mv -f tmp ${name}; ln -sf /tmp ${name}; rm -f tmp`);
      }
      expect(readdirSync(rig.workspace)).toEqual([]);
    },
  );

  test(row("F-18", "control files that are there keep what they hold, and can be read"), async () => {
    writeFileSync(inWorkspace("AGENTS.md"), "be kind");
    mkdirSync(inWorkspace(".vscode"));
    writeFileSync(inWorkspace(".vscode/tasks.json"), "{}");
    const { out } = await rig.sh(
      "cat AGENTS.md; echo x > AGENTS.md; rm -f AGENTS.md; mv AGENTS.md b; echo x > .vscode/tasks.json; touch .vscode/new; mv .vscode v",
    );
    expect(out).toBe("be kind");
    expect(readFileSync(inWorkspace("AGENTS.md"), "utf8")).toBe("be kind");
    expect(readdirSync(rig.workspace).sort()).toEqual([".vscode", "AGENTS.md"]);
    expect(readdirSync(inWorkspace(".vscode"))).toEqual(["tasks.json"]);
  });

  test("a control file that is a link is a link to the same file afterwards", async () => {
    writeFileSync(inWorkspace("rules.md"), "be kind");
    symlinkSync("rules.md", inWorkspace("AGENTS.md"));
    const { ran } = await rig.sh("rm AGENTS.md; echo evil > AGENTS.md");
    expect(ran.undone).toEqual([inWorkspace("AGENTS.md")]);
    expect(readlinkSync(inWorkspace("AGENTS.md"))).toBe("rules.md");
  });

  test("secrets in the workspace are there and empty", async () => {
    writeFileSync(inWorkspace(".env"), "KEY=canary");
    mkdirSync(inWorkspace(".ssh"));
    writeFileSync(inWorkspace(".ssh/id_rsa"), "canary");
    const { out, code } = await rig.sh("cat .env .ssh/*; grep -r canary .; echo more > .env");
    expect(out).toBe("");
    expect(code).not.toBe(0);
    expect(readFileSync(inWorkspace(".env"), "utf8")).toBe("KEY=canary");
  });

  test(row(["F-12", "F-31"], "git works, but for its hooks and configuration"), async () => {
    git("init", "-q", "-b", "main");
    const before = readFileSync(inWorkspace(".git/config"), "utf8");
    const identity = ["AUTHOR", "COMMITTER"].flatMap((who) => [
      [`GIT_${who}_NAME`, "a"],
      [`GIT_${who}_EMAIL`, "a@b"],
    ]);
    const env = Object.fromEntries(identity) as Record<string, string>;
    const made = await rig.sh(
      "echo hi > a; git add -A; git commit -qm one; git log --oneline; git status --short",
      { env },
    );
    expect(made).toMatchObject({ code: 0, err: "" });
    expect(made.out).toMatch(/^[0-9a-f]+ one\n$/);
    expect(git("ls-files")).toBe("a\n");

    const tries = await rig.sh(
      "cd .git && echo x > hooks/post-commit; echo x >> config; git config core.fsmonitor ./evil; cd ..; " +
        "mv .git .git2; mkdir -p .git/hooks; echo x > .git/hooks/post-commit; rm -rf .git/hooks; mv .git/hooks .git/h2; " +
        "mv .git/config .git/c2; ln -sf /tmp .git/hooks; umount .git/hooks; mount -o remount,rw .git/hooks",
    );
    expect(tries.code).not.toBe(0);
    expect(readFileSync(inWorkspace(".git/config"), "utf8")).toBe(before);
    expect(readdirSync(inWorkspace(".git/hooks")).filter((name) => !name.endsWith(".sample"))).toEqual([]);
    expect(readdirSync(rig.workspace).sort()).toEqual([".git", "a"]);
  });

  test("what git would obey in its directory, and no mount can keep out, is gone afterwards", async () => {
    git("init", "-q");
    const { ran } = await rig.sh("mkdir evil; echo ../evil > .git/commondir; echo x > .git/config.worktree");
    expect(ran.undone).toEqual([inWorkspace(".git/commondir"), inWorkspace(".git/config.worktree")]);
    expect(existsSync(inWorkspace(".git/commondir"))).toBe(false);
  });

  test("a repository further down, or with linked hooks, is covered too", async () => {
    mkdirSync(inWorkspace("a/b"), { recursive: true });
    execFileSync("git", ["init", "-q", inWorkspace("a/b")]);
    git("init", "-q");
    mkdirSync(inWorkspace("shared"));
    execFileSync("rm", ["-rf", inWorkspace(".git/hooks")]);
    symlinkSync("../shared", inWorkspace(".git/hooks"));
    await rig.sh("echo x > a/b/.git/hooks/pre-push; rm .git/hooks; mkdir .git/hooks; mv a/b/.git a/b/g");
    expect(existsSync(inWorkspace("a/b/.git/hooks/pre-push"))).toBe(false);
    expect(lstatSync(inWorkspace(".git/hooks")).isSymbolicLink()).toBe(true);
    expect(readdirSync(inWorkspace("a/b"))).toEqual([".git"]);
  });

  test("a link in place of a directory with a repository leads nothing outside into harm", async () => {
    const victim = openSandboxRig();
    try {
      execFileSync("git", ["init", "-q", victim.workspace]);
      symlinkSync("/nowhere", join(victim.workspace, "commondir"));
      execFileSync("git", ["init", "-q", inWorkspace("sub")]);
      const before = readdirSync(victim.workspace, { recursive: true }).length;
      const { ran } = await rig.sh(`echo x > sub/.git/commondir; mv sub s2; ln -s ${victim.workspace} sub`);
      expect(ran.undone).toEqual([]);
      await rig.sh("ls -a sub/.git; echo x > sub/.git/hooks/x");
      expect(readdirSync(victim.workspace, { recursive: true }).length).toBe(before);
    } finally {
      await victim.close();
    }
  });

  test("commands at the same time share the covers, and the last one takes them away", async () => {
    const first = rig.sh("while [ ! -e go ]; do sleep 0.02; done; echo x > .mcp.json; echo x > AGENTS.md");
    const second = rig.sh("while [ ! -e go ]; do sleep 0.02; done; mkdir .vscode; echo x > .envrc");
    await rig.sh("echo x > .mcp.json");
    await rig.sh("touch go");
    await Promise.all([first, second]);
    expect(readdirSync(rig.workspace)).toEqual(["go"]);
  });

  test("covers that a killed daemon left are used and taken away; a user's own empty file stays", async () => {
    writeFileSync(inWorkspace(".mcp.json"), "", { mode: 0 });
    mkdirSync(inWorkspace(".git"), { mode: 0 });
    writeFileSync(inWorkspace(".envrc"), "");
    await rig.sh("echo x > .mcp.json; mkdir .git/hooks");
    expect(readdirSync(rig.workspace)).toEqual([".envrc"]);
  });
});
