// What the policy of a fresh home decides, request by request: the workspace and the search are open, everything else is
// asked for, and what nobody asked for is denied.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ensureHome } from "../../../src/config/first-run.ts";
import { resolvePaths } from "../../../src/config/paths.ts";
import { checkPolicy, explainAll } from "../../../src/control.ts";
import type { ExplainAsk } from "../../../src/domain/control.ts";
import { TOOL_CAPABILITIES } from "../../../src/tools/index.ts";
import { counting } from "../config/home.ts";

const paths = resolvePaths(mkdtempSync(join(tmpdir(), "goclaw-first-")));
ensureHome(paths, counting);
afterAll(() => rmSync(paths.home, { recursive: true }));

const open = (name: string, path: string, write = true): ExplainAsk => ({
  capability: `tools.${name}`,
  path,
  write,
});

const TABLE: readonly (readonly [decision: string, ask: ExplainAsk])[] = [
  ["allow", { capability: "acp.read" }],
  ["allow", { capability: "acp.mutate" }],
  ["allow", { capability: "admin.approve" }],
  ["allow", { capability: "llm.passthrough" }],
  ["allow", { capability: "admin.keys" }],
  ["allow", { capability: "tools.now" }],
  ["allow", { capability: "tools.ask_user" }],
  ["allow", { capability: "tools.spawn_task", agent: "coder" }],
  ["allow", { capability: "tools.web_search" }],
  ["ask", { capability: "tools.web_search", taint: ["untrusted", "private"], outgoing: true }],
  ["allow", open("read_file", "a.txt", false)],
  ["allow", open("list_directory", ".", false)],
  ["allow", open("search_files", ".", false)],
  ["allow", open("write_file", "deep/er/a.txt")],
  ["allow", open("edit_file", join(paths.workspace, "a.txt"))],
  ["allow", open("apply_patch", "a.txt")],
  ["allow", open("write_note", "notes/a.md")],
  ["allow", open("memory_read", "memory/user.md", false)],
  ["allow", open("memory_search", "memory", false)],
  ["allow", open("memory_write", "memory/user.md")],
  ["deny", open("read_file", "/etc/passwd", false)],
  ["deny", open("read_file", "../config.yaml", false)],
  ["deny", open("write_file", "../policy.yaml")],
  ["deny", open("write_file", paths.policy)],
  ["deny", open("write_file", "/tmp/x")],
  ["deny", open("memory_write", "memory/../../auth.token")],
  ["ask", { capability: "tools.read_url", domain: "https://example.com/page" }],
  ["ask", { capability: "tools.http_request", domain: "example.com" }],
  ["deny", { capability: "tools.read_url", domain: "http://127.0.0.1:18789/" }],
  ["deny", { capability: "tools.read_url", domain: "http://169.254.169.254/latest" }],
  ["deny", { capability: "tools.http_request", domain: "http://192.168.1.1/" }],
  ["ask", { capability: "tools.exec", command: "git status" }],
  ["ask", { capability: "tools.shell", command: ["sh", "-c", "ls | wc -l"] }],
  ["ask", { capability: "tools.send_alert" }],
  ["ask", { capability: "mcp.library.search", mcp: "library/search" }],
  ["deny", { capability: "skill.inject" }],
  ["deny", { capability: "wasm.http.get" }],
];

test.each(TABLE)("%s %j", (decision, ask) => {
  const [explained] = explainAll(paths, [ask]);
  expect(explained).toMatchObject({ decision });
  if (decision === "allow") expect(explained?.rule).toMatch(/^allow_capabilities: /);
});

test("no tool was forgotten, and nothing in the file is wider than it should be", () => {
  const asked = new Set(TABLE.map(([, { capability }]) => capability));
  expect(TOOL_CAPABILITIES.filter((capability) => !asked.has(capability))).toEqual([]);
  expect(checkPolicy(paths).warnings).toEqual([]);
  expect(
    readFileSync(paths.policy, "utf8")
      .split("\n")
      .filter((line) => line.length > 120),
  ).toEqual([]);
});
