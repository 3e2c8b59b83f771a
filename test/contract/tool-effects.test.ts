// What each tool does to the world, held against its effect class: a pure one changes nothing, a keyed one may be run
// again with its key, and a once one knows what it does not know.

import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { now } from "../../src/tools/now.ts";
import { sendAlert } from "../../src/tools/send-alert.ts";
import type { ToolContext } from "../../src/tools/tool.ts";
import { writeNote } from "../../src/tools/write-note.ts";
import { startSink } from "../support/sink.ts";
import { closeServer, listen } from "../support/stub-model.ts";
import { toolContext } from "../support/tool-context.ts";
import { verifies } from "../support/verifies.ts";
import { createSignal, within } from "../support/wait.ts";

let workspace = "";
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), "goclaw-workspace-"));
  return () => rmSync(workspace, { recursive: true, force: true });
});

const context = (more: Partial<ToolContext> = {}): ToolContext =>
  toolContext(workspace, { effectKey: "k1", ...more });

test("now tells the time it is given, and nothing else", async () => {
  expect(await now.run({}, context())).toEqual({ type: "done", text: "2026-02-03T04:05:06.789Z" });
  expect(readdirSync(workspace)).toEqual([]);
});

describe("write_note", () => {
  const notes = (): string => join(workspace, "notes");
  const write = (text: string, effectKey = "k1") =>
    writeNote.run({ name: "plan", text }, context({ effectKey }));

  test(
    verifies("QUE-006", "run again with the same key leaves the same file and the same words"),
    async () => {
      const first = await write("buy milk 🥛");
      expect(await write("buy milk 🥛")).toEqual(first);
      expect(readdirSync(notes())).toEqual(["plan.md"]);
      expect(readFileSync(join(notes(), "plan.md"), "utf8")).toBe("buy milk 🥛");
      expect(first).toMatchObject({ type: "done", text: expect.stringContaining("notes/plan.md") });
    },
  );

  test("what an attempt that died left behind does not stand in the way", async () => {
    await write("old");
    const mark = createHash("sha256").update("k2").digest("hex").slice(0, 16);
    writeFileSync(join(notes(), `.goclaw-part-${mark}-0123`), "half a no");
    expect(await write("new", "k2")).toMatchObject({ type: "done" });
    expect(readdirSync(notes())).toEqual(["plan.md"]);
    expect(readFileSync(join(notes(), "plan.md"), "utf8")).toBe("new");
  });

  test("does not follow links out of the workspace", async () => {
    const outside = mkdtempSync(join(tmpdir(), "goclaw-outside-"));
    onTestFinished(() => rmSync(outside, { recursive: true, force: true }));
    symlinkSync(outside, notes());
    await expect(write("x")).rejects.toMatchObject({ code: "PATH_SYMLINK" });
    expect(readdirSync(outside)).toEqual([]);
  });

  test("does not write where a link stands, and leaves its target alone", async () => {
    await write("first");
    const target = join(workspace, "target.md");
    writeFileSync(target, "mine");
    rmSync(join(notes(), "plan.md"));
    symlinkSync(target, join(notes(), "plan.md"));
    await expect(write("second")).rejects.toMatchObject({ code: "PATH_SYMLINK" });
    expect(readFileSync(target, "utf8")).toBe("mine");
  });
});

describe("send_alert", () => {
  const args = { severity: "warning", title: "disk", body: "90 %" } as const;

  test("is one POST with its key, and is done when the webhook took it", async () => {
    const sink = await startSink();
    onTestFinished(() => sink.close());
    expect(await sendAlert.run(args, context({ webhookUrl: sink.url }))).toMatchObject({ type: "done" });
    expect(sink.calls).toMatchObject([{ key: "disk", idempotencyKey: "k1" }]);
    expect(JSON.parse(sink.calls[0]!.body)).toEqual(args);
  });

  test.each([301, 302, 307, 400, 404, 429, 500, 503])(
    "a webhook that answers %i has not taken it",
    async (status) => {
      const { url, requests } = await answering((_request, response) => {
        response.writeHead(status, { location: "/elsewhere", "retry-after": "0" });
        response.end("no");
      });
      const outcome = await sendAlert.run(args, context({ webhookUrl: url }));
      expect(outcome).toMatchObject({ type: "failed", text: expect.stringContaining(String(status)) });
      expect(requests()).toBe(1);
    },
  );

  test("without a webhook nothing is sent, and the key to set is named", async () => {
    const outcome = await sendAlert.run(args, context());
    expect(outcome).toMatchObject({
      type: "failed",
      text: expect.stringContaining("tools.send_alert.webhook_url"),
    });
  });

  test(verifies("REL-002", "refused at the door is failed: nothing reached the other side"), async () => {
    const outcome = await sendAlert.run(args, context({ webhookUrl: await closedPort() }));
    expect(outcome).toMatchObject({ type: "failed" });
  });

  test(verifies("REL-002", "a reset after the request was received is unknown"), async () => {
    const { url, requests } = await answering((request) => {
      request.resume().on("end", () => request.socket.resetAndDestroy());
    });
    expect(await sendAlert.run(args, context({ webhookUrl: url }))).toMatchObject({ type: "unknown" });
    expect(requests()).toBe(1);
  });

  test(verifies("REL-002", "an abort while the webhook thinks is unknown"), async () => {
    const arrived = createSignal();
    const { url } = await answering(() => arrived.give());
    const control = new AbortController();
    const outcome = sendAlert.run(args, context({ webhookUrl: url, signal: control.signal }));
    await within("the request", arrived.promise);
    control.abort("canceled");
    expect(await within("the outcome", outcome)).toMatchObject({ type: "unknown" });
  });

  test(verifies("STM-005", "an abort before it begins sends nothing"), async () => {
    const { url, requests } = await answering((_request, response) => void response.end());
    const outcome = await sendAlert.run(
      args,
      context({ webhookUrl: url, signal: AbortSignal.abort("canceled") }),
    );
    expect(outcome).toMatchObject({ type: "failed" });
    expect(requests()).toBe(0);
  });

  test("a status line is an answer, even when the rest breaks off", async () => {
    const { url } = await answering((_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("ok", () => response.destroy());
    });
    expect(await within("the outcome", sendAlert.run(args, context({ webhookUrl: url })))).toMatchObject({
      type: "done",
    });
  });
});

async function answering(
  answer: Parameters<typeof createServer>[1],
): Promise<{ url: string; requests: () => number }> {
  let requests = 0;
  const server: Server = createServer((request, response) => {
    requests++;
    (answer as (...both: unknown[]) => void)(request, response);
  });
  await listen(server);
  onTestFinished(() => closeServer(server));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, requests: () => requests };
}

async function closedPort(): Promise<string> {
  const probe = createTcpServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return `http://127.0.0.1:${port}/hook`;
}
