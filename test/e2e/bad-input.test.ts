// What a client can get wrong at the task routes: each mistake has its status and its code, and leaves nothing behind.

import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, readTask, submit } from "../support/tasks.ts";
import { createSignal, within } from "../support/wait.ts";

let rig: Rig;
let daemon: Daemon;
const LIMIT = 64 * 1024;

beforeAll(async () => {
  rig = await createRig({ config: { gateway: { max_request_size: LIMIT } } });
  daemon = await rig.start();
});
afterAll(async () => {
  const tasks = rig.read((db) => db.tasks());
  await rig.close();
  expect(tasks.filter((task) => task.state !== "SUCCEEDED")).toEqual([]);
});

const JSON_TYPE = { "content-type": "application/json" };

async function expectRefused(body: unknown, status: number, code: string, headers = {}): Promise<string> {
  const before = rig.read((db) => db.tasks().length);
  const reply = await daemon.client.post("/api/v1/tasks", body, headers);
  const { error } = reply.json<{ error: { message: string; code: string; type: string } }>();
  expect([reply.status, error.code]).toEqual([status, code]);
  expect(error.message.length).toBeGreaterThan(10);
  expect(rig.read((db) => db.tasks().length)).toBe(before);
  return error.message;
}

test("malformed JSON is a 400", async () => {
  for (const text of ["{", '{"prompt": "x",}', "prompt=x", "\u0000"]) {
    await expectRefused(text, 400, "PARSE_ERROR", JSON_TYPE);
  }
});

test("JSON that is no submission is a 400 that names the field", async () => {
  const cases: [unknown, string][] = [
    [[], "object"],
    [{ agent: "default" }, "prompt"],
    [{ agent: "default", prompt: "" }, "prompt"],
    [{ agent: "default", prompt: "  \n\t " }, "prompt"],
    [{ agent: "default", prompt: 7 }, "prompt"],
    [{ agent: "default", prompt: null }, "prompt"],
    [{ agent: "default", prompt: "x", priority: 99 }, "priority"],
    [{ agent: "default", prompt: "x", priority: "high" }, "priority"],
    [{ agent: "default", prompt: "x", max_attempts: 0 }, "max_attempts"],
    [{ agent: "default", prompt: "x", frobnicate: 1 }, "frobnicate"],
  ];
  for (const [body, named] of cases) expect(await expectRefused(body, 400, "BAD_REQUEST")).toContain(named);
});

test("an unknown agent is a 404 that names it", async () => {
  const message = await expectRefused({ agent: "nobody", prompt: "x" }, 404, "AGENT_NOT_FOUND");
  expect(message).toContain("nobody");
});

test("a body that is not JSON is a 415", async () => {
  await expectRefused("prompt: x", 415, "UNSUPPORTED_MEDIA", { "content-type": "text/yaml" });
});

test("a body over gateway.max_request_size is a 413, one just under it is accepted", async () => {
  const padding = "x".repeat(LIMIT);
  await expectRefused({ agent: "default", prompt: `task big ${padding}` }, 413, "LIMIT_SIZE");
  const id = await submit(daemon.client, `task fits ${padding.slice(200)}`);
  expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
});

test("a prompt keeps every character", async () => {
  const prompt = 'task chars "quotes" \\back \u{1F980} é\u0301 \u202e rtl \u0000 nul \r\n end';
  const id = await submit(daemon.client, prompt);
  await ended(daemon.client, id);
  expect((await readTask(daemon.client, id)).prompt).toBe(prompt);
  const sent = rig.stub.calls.find((call) => call.key === "task-chars")?.body.messages.at(-1)?.content;
  expect(sent).toBe(prompt);
});

test("an unknown route and a wrong method are JSON errors too", async () => {
  const unknown = await daemon.client.get("/api/v1/nothing");
  expect([unknown.status, unknown.json<{ error: { code: string } }>().error.code]).toEqual([
    404,
    "METHOD_UNKNOWN",
  ]);
  const wrong = await daemon.client.send("DELETE", "/api/v1/tasks");
  expect([404, 405]).toContain(wrong.status);
  expect(wrong.json<{ error: { code: string } }>().error.code).toMatch(/METHOD_/);
});

test("a request that breaks off in its body leaves nothing behind and hurts nobody", async () => {
  const before = rig.read((db) => db.tasks().length);
  const [host, port] = daemon.run.address.split(":");
  const closed = createSignal();
  const socket = connect(Number(port), host, () => {
    const head = [
      "POST /api/v1/tasks HTTP/1.1",
      `Host: ${daemon.run.address}`,
      "Content-Type: application/json",
    ];
    const auth = `Authorization: Bearer ${daemon.client.token}`;
    socket.write(
      [...head, auth, "Content-Length: 500", "", '{"agent":"default","prompt":"task half'].join("\r\n"),
    );
    socket.end();
  });
  socket.resume();
  socket.on("error", () => closed.give());
  socket.on("close", () => closed.give());
  await within("the broken connection to close", closed.promise);
  expect((await daemon.client.get("/readyz")).status).toBe(200);
  expect(rig.read((db) => db.tasks().length)).toBe(before);
});

test("a prompt of 10 MB is accepted whole when the limit allows it", async () => {
  const roomy = await createRig({ config: { gateway: { max_request_size: 12 * 1024 * 1024 } } });
  try {
    const { client } = await roomy.start();
    const prompt = `task huge ${"0123456789".repeat(1024 * 1024)}`;
    const id = await submit(client, prompt);
    expect((await ended(client, id, 30_000)).state).toBe("SUCCEEDED");
    expect(roomy.stub.calls[0]?.body.messages.at(-1)?.content).toBe(prompt);
  } finally {
    await roomy.close();
  }
});
