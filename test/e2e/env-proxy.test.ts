// Providers behind a proxy that the environment names (NODE_USE_ENV_PROXY=1, HTTP_PROXY): whatever the proxy does
// instead of opening a tunnel, the call ends in its time and says that it was the proxy.

import { createServer, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { makeHome, removeHome } from "../support/home.ts";
import { type StubModel, startStubModel } from "../support/stub-model.ts";

let stub: StubModel;
let home: string;
const servers: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  stub = await startStubModel();
  home = makeHome(
    { modelUrl: stub.baseUrl },
    { config: { providers: { stub: { timeout_seconds: 20, timeouts: { connect_seconds: 0.5 } } } } },
  );
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  await stub.close();
  removeHome(home);
});

/** A proxy that does this with what it is sent first. */
async function startProxy(act: (socket: Socket, head: string) => void) {
  const sockets = new Set<Socket>();
  let tunnels = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", (head) => {
      tunnels++;
      act(socket, head.toString());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  };
  servers.push({ close });
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, tunnels: () => tunnels };
}

async function testThrough(url: string) {
  const env = { NODE_USE_ENV_PROXY: "1", HTTP_PROXY: url };
  const startedAt = performance.now();
  const result = await runCli(home, ["model", "test", "--json"], { env, deadlineMs: 15_000 });
  return { ...result, tookMs: performance.now() - startedAt };
}

test.each([
  ["hangs up", (socket: Socket) => socket.end(), /proxy .*hung up/],
  ["resets", (socket: Socket) => socket.resetAndDestroy(), /ECONNRESET/],
  ["refuses", (socket: Socket) => socket.end("HTTP/1.1 407 No\r\n\r\n"), /proxy .*answered 407/],
  ["says nothing", () => {}, /no connection within 0.5 s .*phase connect/],
] as const)("a proxy that %s instead of opening a tunnel ends the call", async (_what, act, reason) => {
  const proxy = await startProxy(act);
  const { code, json, tookMs } = await testThrough(proxy.url);
  expect(code).toBe(1);
  expect(json()).toMatchObject({ ok: false, error: { message: expect.stringMatching(reason) } });
  expect(proxy.tunnels()).toBe(1);
  expect(tookMs).toBeLessThan(5_000);
});

test("a proxy that opens tunnels is used", async () => {
  const { connect } = await import("node:net");
  const proxy = await startProxy((socket, head) => {
    const [, host = "", port = ""] = /^CONNECT ([^:]+):(\d+)/.exec(head) ?? [];
    const onward = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => socket.destroy());
  });
  expect((await testThrough(proxy.url)).json()).toMatchObject({ ok: true });
  expect(proxy.tunnels()).toBe(1);
});
