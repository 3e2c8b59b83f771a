// What a person sees of an act before a yes: everything of it, with nothing that hides, turns or counterfeits; and what
// cannot be shown like that is refused before anybody is asked.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { approvalOf, decide, type WireApproval } from "../support/approvals.ts";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import type { StubToolCall } from "../support/directive.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, readEvents, submit } from "../support/tasks.ts";

const ALLOW = ["acp.read", "acp.mutate", "admin.*"];
const rules = ["exec", "shell", "read_url", "send_alert"].map((tool) => ({
  effect: "ask",
  capability: `tools.${tool}`,
}));

let rig: Rig;
let daemon: Daemon;
beforeEach(async () => {
  rig = await createRig({
    allow: ALLOW,
    policy: { rules, allow_domains: ["*.example.com", "xn--exmple-cua.com"] },
  });
  daemon = await rig.start();
});
afterEach(() => rig.close());

const shell = (command: string): StubToolCall => ({ name: "shell", args: { command } });
const exec = (...argv: string[]): StubToolCall => ({ name: "exec", args: { argv } });

async function call(toolCall: StubToolCall): Promise<string> {
  rig.stub.use((_, place) => (place.turn === 0 ? { toolCalls: [toolCall] } : { text: "done" }));
  return submit(daemon.client, "task show");
}

/** The refusal that the model was told, and that its audit has. */
async function refused(toolCall: StubToolCall): Promise<string> {
  const id = await call(toolCall);
  await ended(daemon.client, id);
  expect(rig.read((db) => db.approvals(id))).toEqual([]);
  const audit = rig.read((db) => db.audit(id)).filter(({ capability }) => capability.startsWith("tools."));
  expect(audit).toMatchObject([{ decision: "deny", code: "APPROVAL_UNSHOWABLE" }]);
  const events = await readEvents(daemon.client, id);
  return String(events.find(({ type }) => type === "tool.refused")?.payload.why);
}

/** What `approvals show` and `approvals list` print of the approval that the call asks for. */
async function shown(
  toolCall: StubToolCall,
): Promise<{ approval: WireApproval; show: string; list: string }> {
  const approval = await approvalOf(daemon, await call(toolCall));
  const show = (await runCli(rig.home, ["approvals", "show", approval.id])).stdout;
  const list = (await runCli(rig.home, ["approvals", "list"])).stdout;
  return { approval, show, list };
}

test.each<[string, StubToolCall]>([
  ["100 KB with the danger at the end", shell(`${"true; ".repeat(16_000)}touch p`)],
  [
    "100 KB with the danger in the middle",
    shell(`${"true; ".repeat(8_000)}touch p; ${"true; ".repeat(8_000)}`),
  ],
  ["5,000 new lines", shell(`true${"\n".repeat(5_000)}touch p`)],
  ["a long argument", exec("echo", "x".repeat(5_000))],
])(row("E-15", "%s: nobody can read that, so nobody is asked"), async (_what, toolCall) => {
  expect(await refused(toolCall)).toMatch(/^APPROVAL_UNSHOWABLE: the act is \d+ bytes long/);
  expect(existsSync(join(rig.home, "workspace/p"))).toBe(false);
});

test(
  row("E-15", "3,000 spaces are shown as what they are, with what stands behind them and the digest"),
  async () => {
    const command = `true${" ".repeat(3_000)}; touch p`;
    const { approval, show } = await shown(shell(command));
    expect(show).toContain(JSON.stringify(command));
    expect(show).toContain(approval.digest);
  },
);

test(row("E-15", "what a program is given to read is shown: a shell does what stands there"), async () => {
  const stdin = "echo fine\n\u001b[2Ktouch p\n";
  const { approval, show } = await shown({ name: "exec", args: { argv: ["sh"], stdin } });
  expect(approval.act).toMatchObject({ argv: ["sh"], stdin });
  expect(show).toContain('"stdin": "echo fine\\n\\u001b[2Ktouch p\\n"');
});

const TRICKS = [
  "\u001b[2K",
  "\u001b[1A",
  "\u001b]8;;http://x\u0007y\u001b]8;;\u0007",
  "\u001b]52;c;eA==\u0007",
  "a\rb",
  "\u0007",
  "\u009b2K",
  "\u001b[/../",
];

test(
  row("E-17", "what moves a cursor or speaks to the terminal is visible wherever it is shown"),
  async () => {
    const { approval, show, list } = await shown(exec("echo", ...TRICKS));
    expect(approval.act.argv).toEqual(["echo", ...TRICKS]);
    const log = (await runCli(rig.home, ["task", "show", approval.task_id])).stdout;
    const raw = (await daemon.client.get(`/api/v1/approvals/${approval.id}`)).text;
    for (const text of [show, list, log, raw])
      for (const control of ["\u001b", "\u0007", "\r"]) expect(text).not.toContain(control);
    for (const text of [show, list, log]) expect(text).not.toContain("\u009b");
    for (const seen of ["\\u001b[2K", "\\u001b]52;c;eA==\\u0007", "a\\rb", "<U+009B>2K"])
      expect(show).toContain(seen);
  },
);

test.each(["\u202e", "\u2066", "\u2067", "\u2068", "\u2069"])(
  row("E-18", "a command with the turning character %j is refused"),
  async (hidden) => {
    const point = hidden.codePointAt(0)?.toString(16).toUpperCase();
    for (const toolCall of [shell(`cat a${hidden}b`), exec("cat", `a${hidden}b`)])
      expect(await refused(toolCall)).toContain(`invisible character U+${point}`);
  },
);

test.each([
  "\u200b",
  "\u200d",
  "\u00ad",
  "\u{e0001}",
  "\u{e007f}",
  "\ufe0f",
  "\u{e0100}",
  "\u2060",
  "\ufeff",
])(row("E-19", "a command with the invisible character %j is refused"), async (hidden) => {
  expect(await refused(exec("cat", `pass${hidden}wd`))).toMatch(/invisible character U\+/);
});

test(row("E-19", "in the words of another act it is written out beside them"), async () => {
  const args = { severity: "info", title: "soft\u00adhyphen", body: "join\u200der and \u{e0041}tag" };
  const { show } = await shown({ name: "send_alert", args });
  for (const seen of ["soft\\u{ad}hyphen", "join\\u{200d}er", "\\u{e0041}tag"]) expect(show).toContain(seen);
});

test.each<[string, StubToolCall, string]>([
  [
    "a Cyrillic letter",
    exec("ls", "/usr/bin/p\u0430sswd"),
    "p\u0430sswd is p\\u{430}sswd: mixes Latin and Cyrillic",
  ],
  [
    "a Greek one",
    exec("ls", "g\u03bfogle.com"),
    "g\u03bfogle.com is g\\u{3bf}ogle.com: mixes Latin and Greek",
  ],
  ["a full-width one", shell("ls a\uff1b rm b"), "a\uff1b is a\\u{ff1b}: has full-width forms of ASCII"],
])(row("E-20", "a word with %s is flagged and written out"), async (_what, toolCall, said) => {
  const { approval, show } = await shown(toolCall);
  expect(show).toMatch(/^LOOK TWICE /m);
  expect(show).toContain(said);
  await decide(daemon, approval.id, "deny");
});

test(
  row("E-20", "a word of one script is written out and not flagged, and a host is shown as punycode"),
  async () => {
    const { show } = await shown(exec("ls", "caf\u00e9", "\u043f\u0440\u0438\u0432\u0435\u0442"));
    expect(show).not.toContain("LOOK TWICE");
    expect(show).toMatch(/^not ASCII +caf\u00e9 is caf\\u\{e9\}$/m);
    const { show: url } = await shown({ name: "read_url", args: { url: "https://ex\u00e4mple.com/x" } });
    expect(url).toMatch(/^host +xn--exmple-cua\.com$/m);
  },
);
