// A path that is there under another method says which, so that a client's mistake is not taken for a missing route.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";

let rig: Rig;
let daemon: Daemon;
beforeAll(async () => {
  rig = await createRig();
  daemon = await rig.start();
});
afterAll(() => rig.close());

const ID = "01890000-0000-7000-8000-000000000000";
const OTHERS = [
  ["GET", "/v1/chat/completions", "POST"],
  ["HEAD", "/v1/chat/completions", "POST"],
  ["DELETE", "/v1/chat/completions", "POST"],
  ["POST", "/v1/models", "GET, HEAD"],
  ["PUT", "/v1/models/stub/m", "GET, HEAD"],
  ["PATCH", `/api/v1/tasks/${ID}`, "GET, HEAD"],
  ["GET", `/api/v1/tasks/${ID}/cancel`, "POST"],
  ["PUT", "/api/v1/tasks?limit=1", "GET, HEAD, POST"],
] as const;

test.each(OTHERS)("%s %s is told what is taken there", async (method, path, allow) => {
  for (const headers of [{}, { "content-type": "application/json" }]) {
    const reply = await daemon.client.send(method, path, { headers });
    expect([reply.status, reply.headers.allow]).toEqual([405, allow]);
    if (method === "HEAD") expect(reply.text).toBe("");
    else expect(reply.json()).toMatchObject({ error: { code: "METHOD_NOT_ALLOWED", param: null } });
  }
});

test("OPTIONS says the same without an error, and nothing to strangers", async () => {
  const reply = await daemon.client.send("OPTIONS", "/v1/chat/completions");
  expect([reply.status, reply.headers.allow, reply.text]).toEqual([204, "POST", ""]);
  expect((await daemon.client.send("OPTIONS", "/v1/chat/completions", { auth: false })).status).toBe(401);
  expect((await daemon.client.send("PUT", "/v1/models", { auth: false })).headers.allow).toBeUndefined();
});

test("a path that is nowhere stays one, whatever comes with it", async () => {
  for (const path of ["/v1/none", "/v1/models/", `/api/v1/tasks/${ID}/none`, "/v1/embeddings"])
    for (const method of ["GET", "POST", "OPTIONS", "DELETE"]) {
      const headers = { "content-type": "application/json" };
      const reply = await daemon.client.send(method, path, { headers });
      expect([method, path, reply.status]).toEqual([method, path, 404]);
    }
});
