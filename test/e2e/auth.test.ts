// Who may come in: the bearer token on every route but the two probes, a Host that is ours, an Origin that is allowed.

import { statSync } from "node:fs";
import { join } from "node:path";
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

const ROUTES = [
  ["GET", "/readyz"],
  ["GET", "/v1/models"],
  ["POST", "/v1/chat/completions"],
  ["GET", "/api/v1/tasks"],
  ["POST", "/api/v1/tasks"],
  ["GET", "/api/v1/tasks/x"],
  ["POST", "/api/v1/tasks/x/cancel"],
  ["GET", "/api/v1/task/stream?task_id=x"],
  ["GET", "/no/such/route"],
] as const;

const codeOf = (text: string): string => (JSON.parse(text) as { error: { code: string } }).error.code;

test.each(ROUTES)("%s %s wants the token", async (method, path) => {
  const missing = await daemon.client.send(method, path, { auth: false });
  expect([missing.status, codeOf(missing.text)]).toEqual([401, "AUTH_MISSING"]);
  const wrong = await daemon.client.send(method, path, { headers: { authorization: "Bearer nonsense" } });
  expect([wrong.status, codeOf(wrong.text)]).toEqual([401, "AUTH_INVALID"]);
});

test("the token is never taken from the query string", async () => {
  for (const name of ["token", "api_key", "access_token"]) {
    const path = `/api/v1/tasks?${name}=${daemon.client.token}`;
    expect((await daemon.client.get(path, { auth: false })).status).toBe(401);
  }
});

test("the probes answer anybody", async () => {
  expect((await daemon.client.get("/livez", { auth: false })).status).toBe(200);
  const health = await daemon.client.get("/healthz", { auth: false });
  expect(health.status).toBe(200);
  expect(health.text).not.toContain(daemon.client.token);
});

test("a foreign Host is refused, even with the token", async () => {
  for (const path of ["/api/v1/tasks", "/livez"]) {
    const reply = await daemon.client.get(path, { headers: { host: "evil.example" } });
    expect([reply.status, codeOf(reply.text)]).toEqual([421, "HOST_DENIED"]);
  }
  const port = daemon.run.address.split(":")[1];
  const named = await daemon.client.get("/api/v1/tasks", { headers: { host: `localhost:${port}` } });
  expect(named.status).toBe(200);
});

test("a foreign Origin is refused, even with the token", async () => {
  const reply = await daemon.client.get("/api/v1/tasks", { headers: { origin: "http://evil.example" } });
  expect([reply.status, codeOf(reply.text)]).toEqual([403, "ORIGIN_DENIED"]);
});

test("[CFG-004] the token and what it protects are for the owner's eyes only", () => {
  const mode = (name: string): string => (statSync(join(rig.home, name)).mode & 0o777).toString(8);
  expect(mode(".")).toBe("700");
  for (const name of ["auth.token", "config.yaml", "policy.yaml", "run/daemon.json", "goclaw.db"]) {
    expect([name, mode(name)]).toEqual([name, "600"]);
  }
  expect(daemon.client.token.length).toBeGreaterThanOrEqual(32);
});

test("a policy that grants only reading stops a submission at the door", async () => {
  const reading = await createRig({ allow: ["acp.read"] });
  try {
    const { client } = await reading.start();
    const reply = await client.post("/api/v1/tasks", { agent: "default", prompt: "task 1" });
    expect([reply.status, codeOf(reply.text)]).toEqual([403, "CAP_DENIED"]);
    expect((await client.get("/api/v1/tasks")).status).toBe(200);
    expect(reading.stub.calls).toEqual([]);
  } finally {
    await reading.close();
  }
});
