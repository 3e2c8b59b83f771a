// A path that a rule closes is closed on every way to it: from the directory above, through another name of the root, by
// a command, and by a command that moves the directories about.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { approvalOf, decide } from "../support/approvals.ts";
import { row } from "../support/catalogue.ts";
import type { Daemon } from "../support/daemon.ts";
import type { StubToolCall } from "../support/directive.ts";
import { ALLOW_ALL } from "../support/home.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { hasBwrap } from "../support/sandbox.ts";
import { ended, submit } from "../support/tasks.ts";

let rig: Rig;
let daemon: Daemon;
let open: string;
beforeEach(() => {
  open = mkdtempSync(join(tmpdir(), "goclaw-open-"));
  mkdirSync(join(open, "a/secret"), { recursive: true });
  writeFileSync(join(open, "a/secret/f"), "TOPSECRET\n");
  writeFileSync(join(open, "a/file"), "TOPSECRET too\n");
  writeFileSync(join(open, "a/seen"), "not SECRET at all\n");
  return () => rmSync(open, { recursive: true, force: true });
});
afterEach(() => rig.close());

const call = (name: string, args: object): StubToolCall => ({ name, args: { ...args } });
const shell = (command: string, more: object = {}): StubToolCall => call("shell", { command, ...more });

async function start(rules: readonly object[], more: object = {}): Promise<void> {
  const paths = [
    { path: open, mode: "rw" },
    { path: "workspace", mode: "rw" },
  ];
  rig = await createRig({ allow: ALLOW_ALL, policy: { allow_paths: paths, rules, ...more } });
  daemon = await rig.start();
}

async function told(...toolCalls: StubToolCall[]): Promise<string[]> {
  rig.stub.use((_, place) => (place.turn === 0 ? { toolCalls } : { text: "done" }));
  expect((await ended(daemon.client, await submit(daemon.client, "task d"))).state).toBe("SUCCEEDED");
  const messages = rig.stub.calls.findLast(({ turn }) => turn === 1)?.body.messages ?? [];
  return messages.flatMap(({ role, content }) => (role === "tool" ? [String(content)] : []));
}

const closed = (effect: string, capability = "tools.*"): object[] =>
  ["a/secret", "a/file"].map((path) => ({ effect, capability, path: join(open, path) }));

test.each(["deny", "ask"])(
  row(["D-04", "D-13"], "a search from above passes over what a rule says %s to, and says so"),
  async (effect) => {
    await start(closed(effect));
    const [found] = await told(call("search_files", { path: open, pattern: "SECRET" }));
    expect(found).not.toContain("TOPSECRET");
    expect(found).toContain("seen:1: not SECRET at all");
    expect(found).toContain("2 links or closed files were passed over");
  },
);

test(row(["D-04", "D-13"], "through another name of the root it is closed as well"), async () => {
  const link = `${open}-link`;
  symlinkSync(open, link);
  try {
    await start(closed("deny"), { allow_paths: [{ path: link, mode: "rw" }] });
    const answers = await told(
      call("read_file", { path: join(link, "a/secret/f") }),
      call("read_file", { path: join(link, "a/file") }),
      call("write_file", { path: join(link, "a/secret/new"), content: "x" }),
      call("search_files", { path: link, pattern: "TOPSECRET" }),
      call("read_file", { path: join(link, "a/seen") }),
    );
    for (const answer of answers.slice(0, 3)) expect(answer).toMatch(/^CAP_DENIED: /);
    expect(answers[3]).not.toContain(":1:");
    expect(answers[4]).toBe("not SECRET at all\n");
    const audit = rig.read((db) => db.audit().filter(({ decision }) => decision === "deny"));
    expect(audit.map(({ code }) => code)).toEqual(["CAP_DENIED", "CAP_DENIED", "CAP_DENIED"]);
    expect(existsSync(join(open, "a/secret/new"))).toBe(false);
  } finally {
    rmSync(link);
  }
});

test.skipIf(!hasBwrap()).each(["deny", "ask"])(
  row(["D-04", "D-13"], "no command sees or changes what a rule says %s to, wherever it moves the rest"),
  async (effect) => {
    await start(closed(effect));
    const [seen, moved] = await told(
      shell(
        `cat ${open}/a/secret/f ${open}/a/file ${open}/a/seen; ls ${open}/a/secret; echo x > ${open}/a/secret/g; echo x > ${open}/a/file`,
      ),
      shell(`mv ${open}/a ${open}/b; mkdir -p ${open}/a/secret && echo x > ${open}/a/secret/f`),
    );
    expect(seen).not.toContain("TOPSECRET");
    expect(seen).toContain("not SECRET at all");
    expect(moved).toMatch(/busy/i);
    expect(readFileSync(join(open, "a/secret/f"), "utf8")).toBe("TOPSECRET\n");
    expect(readFileSync(join(open, "a/file"), "utf8")).toBe("TOPSECRET too\n");
    expect(existsSync(join(open, "a/secret/g"))).toBe(false);
  },
);

test.skipIf(!hasBwrap())("a command that was asked about in such a directory sees it", async () => {
  await start(closed("ask"));
  const toolCalls = [shell("cat f", { cwd: join(open, "a/secret") })];
  rig.stub.use((_, place) => (place.turn === 0 ? { toolCalls } : { text: "done" }));
  const id = await submit(daemon.client, "task d");
  await decide(daemon, (await approvalOf(daemon, id)).id, "approve");
  await ended(daemon.client, id);
  const messages = rig.stub.calls.findLast(({ turn }) => turn === 1)?.body.messages ?? [];
  expect(String(messages.find(({ role }) => role === "tool")?.content)).toContain("TOPSECRET");
});

test.skipIf(!hasBwrap())(
  row("D-04", "a program that a rule denies is denied by its path too, and an allow is for the words it has"),
  async () => {
    await start([{ effect: "deny", capability: "tools.exec", command: "rm *" }]);
    const answers = await told(
      ...["rm", "/bin/rm", "/usr/bin/rm", "../../../../../../../bin/rm"].map((program) =>
        call("exec", { argv: [program, "x"] }),
      ),
    );
    for (const answer of answers) expect(answer).toMatch(/^CAP_DENIED: /);
  },
);
