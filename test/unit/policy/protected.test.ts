// The names that stay closed whatever the policy opens, in every spelling.

import { describe, expect, test } from "vitest";
import type { FileRoot } from "../../../src/domain/act.ts";
import { judgePath } from "../../../src/policy/path-rules.ts";
import { row } from "../../support/catalogue.ts";

const WORK = "/home/u/.goclaw/workspace";
const ROOTS: readonly FileRoot[] = [{ path: WORK, mode: "rw" }];
const HOME_OPEN: readonly FileRoot[] = [...ROOTS, { path: "/home/u", mode: "rw" }];

function codeOf(path: string, mode: "ro" | "rw" = "rw", roots = ROOTS): string {
  const judged = judgePath(roots, path, mode);
  return judged.ok ? "ok" : judged.code;
}

test.each([
  ".ssh/id_rsa",
  ".ssh",
  ".aws/credentials",
  ".config/gcloud/x.db",
  ".netrc",
  ".npmrc",
  ".mozilla/firefox/p/logins.json",
  ".config/google-chrome/Default/Cookies",
  ".local/share/keyrings/login.keyring",
  ".gnupg/secring.gpg",
  "project/.env",
  "project/.env.local",
  "project/prod.env",
  "project/PROD.ENV",
  ".goclaw/config.yaml",
  ".goclaw/skills/x/run.sh",
  "other/.goclaw/auth.token",
])(row("G-10", "%s stays closed although the policy opens the directory above"), (path) => {
  for (const mode of ["ro", "rw"] as const)
    expect(codeOf(`/home/u/${path}`, mode, HOME_OPEN)).toBe("PATH_PROTECTED");
});

test(row("G-10", "a secret inside the workspace, or opened by its own name, is closed too"), () => {
  for (const path of [".env", "a/.ssh/config", "auth.token", "goclaw.db", "goclaw.db-wal", "id_ed25519"])
    expect(codeOf(path, "ro"), path).toBe("PATH_PROTECTED");
  expect(codeOf("/home/u/.ssh/known_hosts", "ro", [...ROOTS, { path: "/home/u/.ssh", mode: "ro" }])).toBe(
    "PATH_PROTECTED",
  );
  for (const path of [".env.example", "environment.md", "my.environment", "ssh/config"])
    expect(codeOf(path, "rw"), path).toBe("ok");
});

test.each([
  "policy.yaml",
  "config.yaml",
  "auth.token",
  "goclaw.db",
  "skills/a/SKILL.md",
  "logs/audit.jsonl",
  "run/lock.db",
])(row("D-08", "%s of the home is closed, however it is named"), (name) => {
  const home = "/home/u/.goclaw";
  for (const path of [`../${name}`, `${home}/${name}`, `a/../../${name}`, `/home/u/x/../.goclaw/./${name}`])
    for (const mode of ["ro", "rw"] as const)
      for (const roots of [ROOTS, HOME_OPEN]) expect(codeOf(path, mode, roots), path).toBe("PATH_PROTECTED");
});

describe("control files", () => {
  const NAMES = [
    ".git/config",
    ".git/hooks/pre-commit",
    ".git",
    ".bashrc",
    ".zshenv",
    ".mcp.json",
    ".vscode/tasks.json",
    ".idea/workspace.xml",
    "skills/x/SKILL.md",
    "SOUL.md",
    "AGENTS.md",
    "deep/er/AGENTS.md",
    ".envrc",
    "policy.yaml",
    "config.yaml",
  ];

  test.each(NAMES)(row("G-13", "%s is read and not written"), (path) => {
    expect(codeOf(path, "rw")).toBe("PATH_PROTECTED");
    expect(codeOf(path, "ro")).toBe("ok");
  });

  test.each([
    ".GIT/config",
    ".Git/Hooks/x",
    ".g\u200cit/config",
    ".git\u200d/config",
    "\ufeff.git/config",
    "Agents.MD",
    "\uff21GENTS.md",
    "SO\u00adUL.md",
    "\u017fkill.md",
    "s\u212aill.md",
  ])(row("G-13", "%j is a spelling of a protected name"), (path) => {
    expect(codeOf(path, "rw")).toBe("PATH_PROTECTED");
  });

  test.each(["package.json", "sub/Makefile", "Justfile", "GNUmakefile"])(
    row("G-13", "%s is written after asking"),
    (path) => {
      expect(judgePath(ROOTS, path, "rw")).toMatchObject({
        ok: true,
        ask: expect.stringContaining("commands"),
      });
      expect(judgePath(ROOTS, path, "ro")).toMatchObject({ ok: true, ask: null });
    },
  );
});
