// For every registered tool: arguments that fit, and arguments that do not. A tool without a row fails the suite.

export interface ToolSample {
  readonly good: readonly Readonly<Record<string, unknown>>[];
  readonly bad: readonly unknown[];
}

export const SAMPLES: Readonly<Record<string, ToolSample>> = {
  now: { good: [{}], bad: [{ zone: "UTC" }, [], null, "now"] },
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
