// For every registered tool: arguments that fit, and arguments that do not. A tool without a row fails the suite.

export interface ToolSample {
  readonly good: readonly Readonly<Record<string, unknown>>[];
  readonly bad: readonly unknown[];
}

export const SAMPLES: Readonly<Record<string, ToolSample>> = {
  now: { good: [{}], bad: [{ zone: "UTC" }, [], null, "now"] },
  read_file: {
    good: [{ path: "a.txt" }, { path: "notes/a.md", offset: 10, limit: 5 }],
    bad: [
      {},
      { path: 5 },
      { path: "a", offset: 0 },
      { path: "a", limit: 2_001 },
      { path: "a", lines: 3 },
      "a.txt",
    ],
  },
  list_directory: {
    good: [{}, { path: "." }, { path: "notes", after: "m" }],
    bad: [{ path: 5 }, { path: "a", depth: 2 }, { after: "a".repeat(256) }, ["."]],
  },
  search_files: {
    good: [
      { pattern: "needle" },
      {
        pattern: "f(o|x)+",
        path: "src",
        glob: "*.ts",
        literal: false,
        ignore_case: true,
        context: 2,
        limit: 10,
      },
    ],
    bad: [
      {},
      { pattern: "" },
      { pattern: "a".repeat(1_001) },
      { pattern: "a", context: 11 },
      { pattern: "a", limit: 0 },
      { pattern: "a", glob: ["*.ts"] },
      { pattern: "a", exec: "rm" },
    ],
  },
  write_file: {
    good: [
      { path: "a.txt", content: "" },
      { path: "deep/er/ž.txt", content: "žluťoučký 🦆" },
    ],
    bad: [
      { path: "a" },
      { content: "a" },
      { path: "a", content: null },
      { path: "a", content: "b", mode: "4755" },
    ],
  },
  edit_file: {
    good: [
      { path: "a", old_text: "b", new_text: "" },
      { path: "a", old_text: "b", new_text: "c", replace_all: true },
    ],
    bad: [
      { path: "a", old_text: "b" },
      { path: "a", old_text: 1, new_text: "c" },
      { path: "a", new_text: "c" },
    ],
  },
  apply_patch: {
    good: [{ patch: "*** Begin Patch\n*** Add File: a\n+b\n*** End Patch" }],
    bad: [{}, { patch: 5 }, { patch: ["a"] }, { patch: "a", path: "b" }],
  },
  write_note: {
    good: [
      { name: "a", text: "" },
      { name: "Plan-2_b", text: "žluťoučký 🦆" },
    ],
    bad: [
      { name: "a" },
      { text: "a" },
      { name: "", text: "x" },
      { name: "../up", text: "x" },
      { name: "a/b", text: "x" },
      { name: ".hidden", text: "x" },
      { name: "a.md", text: "x" },
      { name: "a\n", text: "x" },
      { name: "a\0b", text: "x" },
      { name: "é", text: "x" },
      { name: "a".repeat(81), text: "x" },
      { name: "a", text: 5 },
      { name: "a", text: "x", mode: "append" },
    ],
  },
  memory_read: {
    good: [{ path: "user.md" }, { path: "memory/projects/a.md", offset: 10, limit: 5 }],
    bad: [{}, { path: "" }, { path: "/etc/passwd" }, { path: "~/.ssh/id" }, { path: "a", offset: 0 }],
  },
  memory_search: {
    good: [{ query: "birthday" }, { query: "two words" }],
    bad: [{}, { query: "" }, { query: " " }, { query: "a".repeat(201) }, { query: "a", path: ".." }],
  },
  memory_write: {
    good: [
      { path: "user.md", content: "" },
      { path: "a/b.md", content: "žluťoučký 🦆", append: false },
    ],
    bad: [
      { path: "a" },
      { content: "a" },
      { path: "/a", content: "b" },
      { path: "a", content: 5 },
      { path: "a", content: "b", append: "yes" },
    ],
  },
  ask_user: {
    good: [{ question: "Which one?" }, { question: "Which?", options: ["a", "b"] }],
    bad: [
      {},
      { question: "" },
      { question: "q", options: ["a"] },
      { question: "q", options: ["a", ""] },
      { question: "q", approved: true },
    ],
  },
  spawn_task: {
    good: [{ prompt: "count the files" }, { prompt: "p", agent: "coder", priority: -10, wait: true }],
    bad: [
      {},
      { prompt: "" },
      { prompt: " \n" },
      { prompt: "p".repeat(100_001) },
      { prompt: "p", agent: "" },
      { prompt: "p", priority: 11 },
      { prompt: "p", wait: "yes" },
      { prompt: "p", parent_id: "other" },
    ],
  },
  send_alert: {
    good: [{ severity: "info", title: "t", body: "" }],
    bad: [
      { severity: "loud", title: "t", body: "b" },
      { severity: "info", title: "", body: "b" },
      { severity: "info", title: "t".repeat(201), body: "b" },
      { severity: "info", title: "t" },
      { severity: "info", title: "t", body: "b", url: "http://127.0.0.1/" },
    ],
  },
  web_search: {
    good: [{ query: "weather in Brno" }, { query: "ž".repeat(400) }],
    bad: [
      {},
      { query: "" },
      { query: "  " },
      { query: "a".repeat(401) },
      { query: 5 },
      { query: "a", count: 9 },
    ],
  },
  read_url: {
    good: [
      { url: "https://example.com/" },
      { url: "file:///etc/passwd" },
      { url: "http://a/", offset: 8000 },
    ],
    bad: [
      {},
      { url: "" },
      { url: 5 },
      { url: ["https://example.com/"] },
      { url: `https://example.com/${"a".repeat(8192)}` },
      { url: "https://example.com/", offset: -1 },
      { url: "https://example.com/", offset: 1.5 },
      { url: "https://example.com/", offset: "8000" },
    ],
  },
  http_request: {
    good: [
      { url: "https://example.com/" },
      { url: "https://example.com/", method: "PATCH", headers: { "content-type": "text/plain" }, body: "x" },
    ],
    bad: [
      { method: "GET" },
      { url: "https://example.com/", method: "get" },
      { url: "https://example.com/", method: "CONNECT" },
      { url: "https://example.com/", headers: { authorization: "Bearer x" } },
      { url: "https://example.com/", headers: { Accept: "*/*" } },
      { url: "https://example.com/", headers: { host: "other" } },
      { url: "https://example.com/", headers: { accept: "a\r\nx-evil: 1" } },
      { url: "https://example.com/", headers: { accept: 1 } },
      { url: "https://example.com/", body: { a: 1 } },
    ],
  },
  exec: {
    good: [
      { argv: ["true"] },
      { argv: ["git", "log", ""], cwd: "sub", stdin: "x", env: { TZ: "UTC" }, timeout_sec: 1e9 },
    ],
    bad: [
      {},
      { argv: [] },
      { argv: "ls -l" },
      { argv: [1] },
      { argv: ["a\0b"] },
      { argv: ["ls"], command: "ls" },
      { argv: ["ls"], timeout_sec: 0 },
      { argv: ["ls"], timeout_sec: -1 },
      { argv: ["ls"], timeout_sec: "5" },
      { argv: ["ls"], env: { A: 1 } },
      { argv: ["ls"], env: ["A=1"] },
      { argv: ["ls"], stdin: "x".repeat(1_000_001) },
    ],
  },
  shell: {
    good: [{ command: "ls | wc -l" }, { command: "a\nb", cwd: "/x", stdin: "", env: {}, timeout_sec: 0.5 }],
    bad: [{}, { command: "" }, { command: ["ls"] }, { command: "a\0b" }, { command: "ls", argv: ["ls"] }],
  },
};
