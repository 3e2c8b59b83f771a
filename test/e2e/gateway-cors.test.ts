// Web pages of origins that the configuration names may call from a browser; those of every other may not, and without
// any the gateway says nothing of CORS at all.

import { afterEach, expect, test } from "vitest";
import type { Client, Reply } from "../support/http.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { verifies } from "../support/verifies.ts";

let rig: Rig;
afterEach(() => rig.close());

const PAGE = "https://chat.example";
const PATH = "/v1/chat/completions";
const CHAT = { model: "stub/m", messages: [{ role: "user", content: "task cors" }] };

async function start(origins: readonly string[] | null): Promise<Client> {
  rig = await createRig({ config: origins === null ? {} : { gateway: { cors: { origins } } } });
  return (await rig.start()).client;
}

const preflight = (client: Client, origin: string, more: Record<string, string> = {}): Promise<Reply> =>
  client.send("OPTIONS", PATH, {
    auth: false,
    headers: {
      origin,
      "sec-fetch-site": "cross-site",
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type,x-stainless-os",
      ...more,
    },
  });
const corsOf = ({ headers }: Reply): string[] =>
  Object.keys(headers).filter((name) => name.startsWith("access-control-"));

test(
  verifies("ACP-004", "a page of a named origin asks first, and is then answered, errors too"),
  async () => {
    const client = await start([PAGE, "http://localhost:5173"]);
    const asked = await preflight(client, PAGE);
    expect([asked.status, asked.text]).toEqual([204, ""]);
    expect(asked.headers).toMatchObject({
      "access-control-allow-origin": PAGE,
      "access-control-allow-methods": expect.stringContaining("POST"),
      "access-control-allow-headers": "authorization,content-type,x-stainless-os",
      vary: "origin",
    });
    expect(asked.headers["access-control-allow-credentials"]).toBeUndefined();
    expect(asked.headers["access-control-allow-private-network"]).toBeUndefined();
    const near = await preflight(client, PAGE, { "access-control-request-private-network": "true" });
    expect(near.headers["access-control-allow-private-network"]).toBe("true");
    const headers = { origin: PAGE, "sec-fetch-site": "cross-site" };
    for (const stream of [false, true]) {
      const reply = await client.post(PATH, { ...CHAT, stream }, headers);
      expect([reply.status, reply.headers["access-control-allow-origin"]]).toEqual([200, PAGE]);
      expect(reply.headers["access-control-expose-headers"]).toContain("x-goclaw-task");
    }
    const wrong = await client.post(PATH, { ...CHAT, n: 2 }, headers);
    expect([wrong.status, wrong.headers["access-control-allow-origin"]]).toEqual([400, PAGE]);
    const stranger = await client.send("POST", PATH, { auth: false, body: CHAT, headers });
    expect([stranger.status, stranger.headers["access-control-allow-origin"]]).toEqual([401, PAGE]);
  },
);

test("a page of another origin is refused, however alike it looks", async () => {
  const client = await start([PAGE]);
  const alike = ["http://chat.example", "https://chat.example:444", "https://chat.example.evil.example"];
  for (const origin of [...alike, "https://x.chat.example", "null", "*", "https://CHAT.example"]) {
    for (const reply of [await preflight(client, origin), await client.post(PATH, CHAT, { origin })]) {
      expect([origin, reply.status]).toEqual([origin, 403]);
      expect(corsOf(reply)).toEqual([]);
      expect(reply.headers.vary).toBe("origin");
    }
  }
  expect(rig.stub.calls).toEqual([]);
});

test("without origins no page is let in, and nothing speaks of CORS", async () => {
  const client = await start(null);
  const reply = await preflight(client, PAGE);
  expect([reply.status, corsOf(reply)]).toEqual([403, []]);
  const plain = await client.post(PATH, CHAT);
  expect([plain.status, corsOf(plain), plain.headers.vary]).toEqual([200, [], undefined]);
});

test("what is no origin is a problem of the configuration", async () => {
  for (const origin of [
    "*",
    "null",
    "https://chat.example/",
    "chat.example",
    "https://u@chat.example",
    "https://Chat.example",
  ]) {
    rig = await createRig({ config: { gateway: { cors: { origins: [origin] } } } });
    await expect(rig.start()).rejects.toThrow("gateway.cors.origins");
    await rig.close();
  }
});
