// A planted key: whatever a person, a model, a provider's error or a tool does with it, it is in no file of the home but
// the one it was configured in, in no answer, in no event and in no argument of a process.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import type { Reply } from "../support/directive.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";

const CANARY = "canary-7f3a91-do-not-leak-me";
const FORMS = [CANARY, encodeURIComponent(CANARY), Buffer.from(CANARY).toString("base64").slice(0, -4)];

let rig: Rig;
afterEach(() => rig.close());

function leaksIn(text: string): boolean {
  return FORMS.some((form) => text.includes(form));
}

/** Files of the home that hold the canary, config.yaml aside: it was put there. */
function leakingFiles(): string[] {
  return readdirSync(rig.home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => leaksIn(readFileSync(file, "latin1")))
    .map((file) => file.slice(rig.home.length + 1))
    .filter((file) => file !== "config.yaml");
}

function leakingProcesses(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => {
      try {
        return leaksIn(readFileSync(`/proc/${pid}/cmdline`, "latin1"));
      } catch {
        return false; // it ended meanwhile
      }
    });
}

test(
  verifies("SEC-005", row("N-01", "a planted key is in no file, frame or process list, whoever says it")),
  async () => {
    rig = await createRig({ config: { providers: { stub: { api_key: CANARY } } } });
    const note = { name: "leak", text: `the key is ${CANARY}` };
    const alert = { severity: "info", title: CANARY, body: Buffer.from(CANARY).toString("base64") };
    rig.stub.use((_, place): Reply => {
      if (place.turn > 0)
        return { text: `I was told ${CANARY}, or ${Buffer.from(`xx${CANARY}yy`).toString("base64")}` };
      return {
        toolCalls: [
          { name: "write_note", args: note },
          { name: "send_alert", args: alert },
          { name: CANARY, args: {} },
        ],
      };
    });
    const daemon = await rig.start();
    const stream = await daemon.client.stream("POST", "/v1/chat/completions", {
      body: {
        model: "goclaw",
        stream: true,
        messages: [{ role: "user", content: `task c: my key is ${CANARY}` }],
      },
    });
    const frames = await stream.all();
    const id = await submit(daemon.client, `task d: use ${CANARY}`);
    await ended(daemon.client, id);
    const shown = await runCli(rig.home, ["task", "show", id]);
    const events = await daemon.client.get(`/api/v1/tasks/${id}/events`);
    const task = await daemon.client.get(`/api/v1/tasks/${id}`);
    expect([task.text, events.text, shown.stdout, shown.stderr].filter(leaksIn)).toEqual([]);
    expect(task.text).toContain("[redacted]");
    const streamed = frames.map(({ data }) => data);
    expect(streamed.at(-1)).toBe("[DONE]");
    const said = streamed
      .filter((data) => data.startsWith("{"))
      .map(
        (data) =>
          (JSON.parse(data) as { choices?: { delta?: { content?: string } }[] }).choices?.[0]?.delta
            ?.content ?? "",
      );
    expect([...streamed, said.join("")].filter(leaksIn)).toEqual([]);
    expect(said.join("")).toContain("I was told [redacted]");
    expect(leakingProcesses()).toEqual([]);
    await daemon.stop();
    expect(leakingFiles()).toEqual([]);
  },
);

test(
  verifies("SEC-005", row("N-02", "a provider's error that repeats the key does not carry it on")),
  async () => {
    rig = await createRig({ config: { providers: { stub: { api_key: CANARY } } } });
    rig.stub.use((): Reply => ({ fault: "401" }));
    const daemon = await rig.start();
    const id = await submit(daemon.client, "task e");
    const task = await ended(daemon.client, id);
    expect(["FAILED", "DEAD_LETTER"]).toContain(task.state);
    expect(leaksIn(JSON.stringify(task))).toBe(false);
    await daemon.stop();
    expect(leakingFiles()).toEqual([]);
  },
);

test(
  verifies(
    "SEC-005",
    row("N-06", "keys in a file that may be read go nowhere: not to the model, not on, not into the home"),
  ),
  async () => {
    rig = await createRig({ config: { providers: { stub: { api_key: CANARY } } } });
    mkdirSync(join(rig.home, "workspace"), { mode: 0o700 });
    const other = `ghp_${"a1B2".repeat(9)}`;
    writeFileSync(join(rig.home, "workspace/keys.txt"), `key=${CANARY}\ntoken=${other}\n`);
    rig.stub.use(({ messages }, { turn }): Reply => {
      if (turn === 0) return { toolCalls: [{ name: "read_file", args: { path: "keys.txt" } }] };
      const body = String(messages.at(-1)?.content);
      return turn === 1
        ? { toolCalls: [{ name: "send_alert", args: { severity: "info", title: "t", body } }] }
        : { text: `it says ${body}` };
    });
    const daemon = await rig.start();
    await ended(daemon.client, await submit(daemon.client, "task n6"));
    await daemon.stop();
    const read = rig.stub.calls.find(({ turn }) => turn === 1)?.body.messages.at(-1)?.content;
    expect(String(read)).toMatch(/key=\[redacted\]\s[\s\S]*token=\[redacted\]/);
    const said = JSON.stringify([rig.stub.calls.map(({ body }) => body), rig.sink.calls]);
    expect([leaksIn(said), said.includes(other)]).toEqual([false, false]);
    expect(leakingFiles()).toEqual(["workspace/keys.txt"]);
  },
);

test(
  verifies(
    "SEC-005",
    row("N-01", "secrets of every known shape that nobody configured are in no file, as results of tools"),
  ),
  async () => {
    rig = await createRig();
    mkdirSync(join(rig.home, "workspace"), { mode: 0o700 });
    const body = "a1B2c3D4".repeat(6);
    const shapes = [
      ...[
        `sk-${body}`,
        `sk-ant-api03-${body}`,
        `AIza${body.slice(0, 35)}`,
        `ghp_${body}`,
        `github_pat_${body}`,
      ],
      ...["xoxb-1234567890-abcdef", "AKIAABCDEFGHIJKLMNOP", `eyJ${body}.eyJ${body}.${body}`],
      ...[`gck_0123456789ab_${body.slice(0, 43)}`, `123456789:AA${body.slice(0, 33)}`],
      ...[
        `AGE-SECRET-KEY-1${"Q2W3E4R5".repeat(7)}AB`,
        "user:hunter2hunter2@db.example",
        "Basic dXNlcjpodW50ZXIyaHVudGVyMg==",
      ],
    ];
    writeFileSync(
      join(rig.home, "workspace/keys.txt"),
      shapes.map((shape) => `postgres://${shape}`).join("\n"),
    );
    rig.stub.use(
      (_, { turn }): Reply =>
        turn === 0 ? { toolCalls: [{ name: "read_file", args: { path: "keys.txt" } }] } : { text: "read" },
    );
    const daemon = await rig.start();
    await ended(daemon.client, await submit(daemon.client, "task n1"));
    await daemon.stop();
    const holding = (shape: string): string[] =>
      readdirSync(rig.home, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name !== "keys.txt")
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((file) => readFileSync(file, "latin1").includes(shape.replace(/@.*/, "")));
    expect(shapes.map((shape) => [shape, holding(shape)])).toEqual(shapes.map((shape) => [shape, []]));
  },
);
