// Clients of the WebSocket that are wrong: who may not come in, frames that are no requests, requests that ask for more
// than there is. Each is told so, and nobody else notices.

import { afterEach, beforeEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import type { Daemon } from "../support/daemon.ts";
import { frame, rawPeer } from "../support/raw-ws.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { verifies } from "../support/verifies.ts";
import { until } from "../support/wait.ts";
import { type Answer, connectWs, refusal } from "../support/ws.ts";

let rig: Rig;
let daemon: Daemon;
beforeEach(async () => {
  rig = await createRig({ config: { worker_count: 4 } });
  daemon = await rig.start();
});
afterEach(() => rig.close());

const queued = async (): Promise<number> =>
  (await daemon.client.get("/api/v1/tasks")).json<{ tasks: unknown[] }>().tasks.length;

test(
  [row(["B-01", "B-02"], ""), verifies("ACP-004", "who may not come in is told in HTTP, before 101")].join(
    "",
  ),
  async () => {
    const { client } = daemon;
    const authorization = `Bearer ${client.token}`;
    const none = await refusal(client, {});
    expect(none).toEqual({ status: 401, code: "AUTH_MISSING" });
    const wrong = await refusal(client, { headers: { authorization: "Bearer no" } });
    expect(wrong).toEqual({ status: 401, code: "AUTH_INVALID" });
    const foreign = await refusal(client, { headers: { authorization }, origin: "http://evil.example" });
    expect(foreign).toEqual({ status: 403, code: "ORIGIN_DENIED" });
    const host = await refusal(client, { headers: { authorization, host: "evil.example" } });
    expect(host).toEqual({ status: 421, code: "HOST_DENIED" });
    for (const name of ["token", "api_key"])
      expect((await refusal(client, {}, `/ws?${name}=${client.token}`)).status).toBe(401);
    const plain = await client.get("/ws");
    expect([plain.status, plain.json<{ error: { code: string } }>().error.code]).toEqual([
      426,
      "UPGRADE_REQUIRED",
    ]);
    expect((await client.get("/ws", { auth: false })).status).toBe(401);
    const upgrade = { connection: "Upgrade", upgrade: "websocket" };
    for (const more of [{}, { "sec-websocket-key": "short" }, { "sec-websocket-version": "7" }])
      expect((await client.get("/ws", { headers: { ...upgrade, ...more } })).status).toBe(400);
    // An upgrade that is not ours is a request like any other.
    const headers = { connection: "Upgrade", upgrade: "h2c" };
    expect((await client.get("/api/v1/tasks", { headers })).status).toBe(200);
  },
);

test(verifies("ACP-001", "frames that are no requests are answered, and the connection lives"), async () => {
  const client = await connectWs(daemon.client);
  const code = async (text: string) => {
    const { id, error } = (await client.raw(text)) as Answer;
    return [id, error?.code];
  };
  for (const text of ["{", "", "nonsense", '{"jsonrpc":"2.0",', "\u0000"])
    expect(await code(text)).toEqual([null, -32700]);
  for (const text of [
    "1",
    "null",
    '"x"',
    "[]",
    "{}",
    '{"jsonrpc":"1.0","method":"a"}',
    '{"jsonrpc":"2.0","method":1}',
  ])
    expect([text, ...(await code(text))]).toEqual([text, null, -32600]);
  const call = (id: string, method: string, more = "") =>
    `{"jsonrpc":"2.0","id":${id},"method":"${method}"${more}}`;
  for (const id of ["{}", "[]", "true", "1e999", `"${"x".repeat(1_000)}"`])
    expect([id.slice(0, 9), ...(await code(call(id, "system.status")))]).toEqual([
      id.slice(0, 9),
      null,
      -32600,
    ]);
  expect(await code(call("7", "system.status", ',"params":[1]'))).toEqual([7, -32602]);
  expect(await code(call('"a"', "system.status", ',"params":{"__proto__":{"x":1}}'))).toEqual(["a", -32602]);
  for (const name of [
    "__proto__",
    "constructor",
    "toString",
    "valueOf",
    "cron.run",
    "system.hello ",
    "agent",
  ])
    expect([name, ...(await code(call("8", name)))]).toEqual([name, 8, -32601]);
  expect(await client.call("system.status")).toMatchObject({ ready: true });
});

test(
  row(["B-05", "B-06"], "unknown fields, big batches and unanswered calls get nowhere they should not"),
  async () => {
    const client = await connectWs(daemon.client);
    for (const extra of ["approved", "sender_is_owner", "policy", "trace_id", "task_id", "lease_owner"]) {
      const { error } = await client.ask("agent.chat", { content: "task no", [extra]: true });
      expect([extra, error?.code, error?.message]).toEqual([extra, -32602, expect.stringContaining(extra)]);
    }
    for (const inner of [{ history: [] }, { sampling: {} }, { schema_name: "x" }])
      expect((await client.ask("task.submit", { prompt: "task no", ...inner })).error?.code).toBe(-32602);
    const call = (id: number | undefined, method: string, params: object) => ({
      jsonrpc: "2.0",
      id,
      method,
      params,
    });
    const chats = Array.from({ length: 10_000 }, (_, id) => call(id, "agent.chat", { content: "task no" }));
    expect(await client.raw(JSON.stringify(chats))).toMatchObject({ id: null, error: { code: -32600 } });
    expect(await queued()).toBe(0);
    const batch = [
      call(undefined, "agent.chat", { content: "task yes" }),
      call(undefined, "agent.chat", { content: "task no", approved: true }),
      call(1, "system.status", {}),
      7,
      call(2, "nothing", {}),
    ];
    const answers = (await client.raw(JSON.stringify(batch))) as readonly Answer[];
    expect(answers.map(({ id, error }) => [id, error?.code])).toEqual([
      ...[
        [1, undefined],
        [null, -32600],
        [2, -32601],
      ],
    ]);
    expect(await queued()).toBe(1);
    const reading = await createRig({ allow: ["acp.read"] });
    try {
      const { client: http } = await reading.start();
      const peer = await connectWs(http);
      peer.socket.send(JSON.stringify(call(undefined, "agent.chat", { content: "task no" })));
      const { error } = await peer.ask("agent.chat", { content: "task no" });
      expect(error).toMatchObject({ code: -32003, data: { code: "CAP_DENIED" } });
      expect((await http.get("/api/v1/tasks")).json()).toMatchObject({ tasks: [] });
    } finally {
      await reading.close();
    }
  },
);

const closeCode = (bytes: Buffer): number | undefined =>
  bytes[0] === 0x88 && bytes.length >= 4 ? bytes.readUInt16BE(2) : undefined;

test(
  row(["B-08", "B-09"], "frames too large, torn or no text close their own connection with the right code"),
  async () => {
    const other = await connectWs(daemon.client);
    const big = await connectWs(daemon.client);
    const [head, tail] = ['{"jsonrpc":"2.0","id":"big","method":"system.status","params":{"x":"', '"}}'];
    const fill = (bytes: number) => `${head}${"x".repeat(bytes - head.length - tail.length)}${tail}`;
    expect(await big.raw(fill(1_048_576))).toMatchObject({ error: { code: -32602 } });
    big.socket.send(fill(1_048_577));
    expect((await big.closed).code).toBe(1009);
    const torn: [string, number, readonly Buffer[]][] = [
      ["16 MB are announced", 1009, [frame(1, Buffer.from("x"), true, 16_000_000)]],
      ["a continuation of nothing", 1002, [frame(0, Buffer.from("x"))]],
      ["no UTF-8", 1007, [frame(1, Buffer.from([0xff, 0xfe]))]],
      ["a binary frame", 1003, [frame(2, Buffer.from("{}"))]],
      [
        "100,000 pieces",
        1008,
        [frame(1, Buffer.from("{"), false), ...Array(100_000).fill(frame(0, Buffer.from(" "), false))],
      ],
    ];
    for (const [what, code, frames] of torn) {
      const { socket, bytes } = await rawPeer(daemon.client);
      socket.write(Buffer.concat(frames));
      expect([what, await until(`a close for ${what}`, () => closeCode(bytes()))]).toEqual([what, code]);
      socket.destroy();
    }
    const asking = await rawPeer(
      daemon.client,
      "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n",
    );
    expect(asking.text()).toContain("101 Switching Protocols");
    expect(asking.text().toLowerCase()).not.toContain("permessage-deflate");
    asking.socket.destroy();
    expect(await other.call("system.status")).toMatchObject({ ready: true });
  },
);
