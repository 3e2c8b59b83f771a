// Clients of the WebSocket that send too much, say nothing or do not read: what they cost is bounded, and nobody else waits.

import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import type { Daemon } from "../support/daemon.ts";
import { frame, rawPeer } from "../support/raw-ws.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { verifies } from "../support/verifies.ts";
import { until, within } from "../support/wait.ts";
import { connectWs, noted } from "../support/ws.ts";

let rig: Rig;
let daemon: Daemon;
beforeEach(async () => {
  rig = await createRig({ config: { worker_count: 4 } });
  daemon = await rig.start();
});
afterEach(() => rig.close());

test(row("B-10", "floods are held back or closed, and others are answered meanwhile"), async () => {
  const other = await connectWs(daemon.client);
  const flood = await rawPeer(daemon.client);
  flood.socket.write(Buffer.concat(Array(200_000).fill(frame(9, Buffer.alloc(0)))));
  expect(await other.call("system.status")).toMatchObject({ ready: true });
  await until("the end of a ping flood", () => flood.socket.closed);
  expect(flood.bytes().includes(Buffer.from([0x88, 2 + "LIMIT_RATE".length, 1008 >> 8, 1008 & 0xff]))).toBe(
    true,
  );
  const peer = await connectWs(daemon.client);
  const asked = Array.from({ length: 5_000 }, () => peer.call("agent.list"));
  expect(await other.call("system.status")).toMatchObject({ ready: true });
  expect((await Promise.all(asked)).every((answer) => Array.isArray(answer.agents))).toBe(true);
  const { task_id, session_id } = await peer.call<{ task_id: string; session_id: string }>("agent.chat", {
    content: "x",
  });
  expect(task_id).toBeTruthy();
  for (let round = 0; round < 20; round++) {
    const many = Array.from({ length: 100 }, () => [
      peer.call("session.events.subscribe", { session_id }),
      peer.call("session.events.unsubscribe", { session_id }),
    ]);
    await Promise.all(many.flat());
  }
  expect(await other.call("system.status")).toMatchObject({ ready: true });
});

test(row("B-07", "connections that say nothing are few, and not for long"), async () => {
  const { hostname, port } = new URL(daemon.client.url);
  let open = 0;
  const sockets = Array.from({ length: 300 }, (_, index) => {
    const socket = connect(Number(port), hostname);
    // Some say nothing at all, some begin an upgrade and never end it.
    socket.once("connect", () => {
      open++;
      if (index % 2 === 0) socket.write("GET /ws HTTP/1.1\r\nupgrade: websocket\r\n");
    });
    socket.once("close", () => open--);
    socket.on("error", () => {});
    return socket;
  });
  await until("all connections to be there", () => sockets.every(({ connecting }) => !connecting));
  await until("at most 64 to be left", () => open <= 64);
  const known = await connectWs(daemon.client);
  await until("all of them to be gone", () => open === 0);
  expect(await known.call("system.status")).toMatchObject({ ready: true });
});

test(
  verifies("ACP-008", "a client that does not read is cut, and neither others nor its tasks wait for it"),
  async () => {
    const slow = await connectWs(daemon.client);
    const quick = await connectWs(daemon.client);
    const words = "word ".repeat(20_000).trim();
    rig.stub.use(() => ({ text: words }));
    slow.socket.pause();
    // More than the kernel holds for a reader that is not there.
    for (let index = 0; index < 16; index++) {
      const params = { content: `task flood${index}` };
      slow.socket.send(JSON.stringify({ jsonrpc: "2.0", id: index, method: "agent.chat.stream", params }));
    }
    const { content } = await quick.call<{ content: string }>("agent.chat.stream", { content: "task quick" });
    expect([
      content,
      noted(quick, "agent.chat.stream")
        .map((piece) => piece.content)
        .join(""),
    ]).toEqual([words, words]);
    const isOver = async (): Promise<boolean> => {
      const { tasks } = (await daemon.client.get("/api/v1/tasks")).json<{ tasks: { state: string }[] }>();
      return tasks.length === 17 && tasks.every(({ state }) => state === "SUCCEEDED");
    };
    await until("all tasks to succeed", isOver, 60_000);
    expect(slow.notes).toEqual([]);
    slow.socket.resume();
    expect((await within("the end of the slow one", slow.closed)).code).toBe(1013);
    const last = slow.notes.at(-1);
    expect(last).toMatchObject({
      method: "system.backpressure",
      params: { max_events: 1_000, max_bytes: 1_048_576 },
    });
    expect(last?.params.pending_events).toBeLessThanOrEqual(1_000);
    expect(last?.params.pending_bytes).toBeLessThan(1_100_000);
    expect(slow.frames.length).toBeLessThan(17); // hello and what the kernel held; not every stream came to its end
  },
);
