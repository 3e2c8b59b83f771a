// API keys on the real daemon: what they open and what stays shut, and until when.

import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { type KeyRig, startKeyRig } from "../support/keys.ts";
import { createRig } from "../support/rig.ts";
import { ended, submit, type WireTask } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";
import { until } from "../support/wait.ts";
import { connectWs } from "../support/ws.ts";

let rig: KeyRig;
afterEach(() => rig.close());

const codeOf = (text: string): string => (JSON.parse(text) as { error: { code: string } }).error.code;
const as = { agent: "a" };

test(
  verifies("ACP-003", "a key submits and reads the tasks of its agents, as Bearer and as X-API-Key"),
  async () => {
    rig = await startKeyRig();
    const { addKey, daemon } = rig;
    const { secret, client } = await addKey("ci", "--agents", "a");
    const id = await submit(client, "task mine", as);
    expect((await ended(client, id)).result?.text).toBe("done mine");
    const header = { auth: false, headers: { "x-api-key": secret } };
    expect((await daemon.client.get(`/api/v1/tasks/${id}`, header)).status).toBe(200);
    expect((await client.get(`/api/v1/tasks/${id}/events`)).status).toBe(200);
    const stream = await client.stream("GET", `/api/v1/task/stream?task_id=${id}`);
    expect((await stream.all()).at(-1)?.event).toBe("done");
    const chat = { model: "agent:a", messages: [{ role: "user", content: "task chat" }] };
    expect((await client.post("/v1/chat/completions", chat)).status).toBe(200);
    const models = (await client.get("/v1/models")).json<{ data: { id: string }[] }>().data;
    expect(models.map((model) => model.id)).toEqual(["agent:a"]);
  },
);

test("what is another agent's, and what is an administrator's, is refused with 403 and audited", async () => {
  rig = await startKeyRig();
  const { addKey, ask, daemon } = rig;
  const foreign = await submit(daemon.client, "task foreign", { agent: "b" });
  const own = await submit(daemon.client, "task own", as);
  const mixed = (await ended(daemon.client, foreign)).session_id;
  await ended(daemon.client, own);
  const { client } = await addKey("narrow", "--agents", "a");
  const refused = [
    await client.post("/api/v1/tasks", { agent: "b", prompt: "task x" }),
    await client.post("/api/v1/tasks", { prompt: "task x" }),
    await client.post("/api/v1/tasks", { agent: "a", prompt: "task x", session_id: mixed }),
    await client.post("/v1/chat/completions", {
      model: "agent:b",
      messages: [{ role: "user", content: "x" }],
    }),
    await client.get(`/api/v1/tasks/${foreign}`),
    await client.get(`/api/v1/tasks/${foreign}/events`),
    await client.get(`/api/v1/task/stream?task_id=${foreign}`),
    await client.get(`/api/v1/tasks/${own}/cassette`),
    await client.post(`/api/v1/tasks/${foreign}/cancel`),
    await client.post(`/api/v1/tasks/${own}/retry`),
    await client.post(`/api/v1/tasks/${own}/resolve`, { outcome: "happened" }),
    await client.get("/api/v1/tasks?agent=b"),
    await client.get("/api/v1/cost"),
    await client.get("/api/v1/sessions"),
    await client.get(`/api/v1/sessions/${mixed}`),
    await client.post(`/api/v1/sessions/${mixed}/compact`, {}),
    await client.post("/api/v1/keys", { name: "mine", agents: ["*"] }),
    await client.get("/api/v1/keys"),
    await client.post("/api/v1/keys/narrow/revoke", {}),
    await client.post("/api/v1/keys/narrow", { rpm: 9 }),
  ];
  expect(refused.map((reply) => [reply.status, codeOf(reply.text)])).toEqual(
    refused.map(() => [403, "KEY_DENIED"]),
  );
  const denials = ask<number>(
    "SELECT count(*) FROM audit WHERE principal LIKE 'key:%' AND decision = 'deny' AND rule = 'api key'",
  );
  expect(denials).toEqual([refused.length]);
  const listed = (await client.get("/api/v1/tasks")).json<{ tasks: WireTask[] }>().tasks;
  expect(listed.map((task) => task.id)).toEqual([own]);
  expect((await client.get("/v1/models/agent:b")).status).toBe(404);
});

test("a key that may only read submits nothing", async () => {
  rig = await startKeyRig();
  const { addKey } = rig;
  const { client } = await addKey("reader", "--agents", "*", "--scopes", "acp.read");
  expect((await client.get("/api/v1/tasks")).status).toBe(200);
  const reply = await client.post("/api/v1/tasks", { agent: "a", prompt: "task x" });
  expect([reply.status, codeOf(reply.text)]).toEqual([403, "KEY_DENIED"]);
  expect(reply.text).toContain("acp.mutate");
});

test("a key that may only submit is told where its task is, and what needs an answer is refused before there is a task", async () => {
  rig = await startKeyRig();
  const { addKey, ask } = rig;
  const { client } = await addKey("sender", "--agents", "a", "--scopes", "acp.mutate");
  const reply = await client.post("/api/v1/tasks", { agent: "a", prompt: "task sent" });
  const sent = reply.json<{ task_id: string; session_id: string }>();
  expect([reply.status, sent]).toEqual([
    202,
    { task_id: expect.any(String), session_id: expect.any(String) },
  ]);
  const ws = await connectWs(client);
  const submitted = await ws.call("task.submit", { agent: "a", prompt: "task sent2" });
  expect(Object.keys(submitted).sort()).toEqual(["session_id", "task_id"]);
  const before = ask<number>("SELECT count(*) FROM tasks");
  const chat = { model: "agent:a", messages: [{ role: "user", content: "task chat" }] };
  for (const stream of [false, true]) {
    const refused = await client.post("/v1/chat/completions", { ...chat, stream });
    expect([refused.status, codeOf(refused.text)]).toEqual([403, "KEY_DENIED"]);
  }
  const streamed = await ws.ask("agent.chat.stream", { agent_id: "a", content: "task chat" });
  expect(streamed.error?.data.code).toBe("KEY_DENIED");
  await ws.close();
  expect(ask<number>("SELECT count(*) FROM tasks")).toEqual(before);
});

test("what a key may not do is said before what is wrong with the body", async () => {
  rig = await startKeyRig();
  const { client } = await rig.addKey("narrow", "--agents", "a");
  const { client: reader } = await rig.addKey("reader", "--agents", "a", "--scopes", "acp.read");
  const odd: readonly unknown[] = [{ nonsense: 1 }, [], 7];
  const id = "0190b6e0-0000-7000-8000-000000000000";
  const paths = [
    ...["/api/v1/keys", "/api/v1/keys/x", "/api/v1/keys/x/revoke"],
    ...["/api/v1/mcp/servers/x/approve", "/api/v1/mcp/servers/x/inspect", "/api/v1/mcp/served/x/calls"],
    ...[`/api/v1/tasks/${id}/resolve`, `/api/v1/tasks/${id}/retry`],
  ];
  const tasks = ["/api/v1/tasks", `/api/v1/sessions/${id}/compact`];
  const schedules = ["/api/v1/schedules", "/api/v1/schedules/x"];
  for (const [who, asked] of [
    [client, paths],
    [reader, [...paths, ...tasks, ...schedules]],
  ] as const) {
    for (const path of asked) {
      for (const body of odd) {
        const reply = await who.post(path, body);
        expect([path, body, reply.status, codeOf(reply.text)]).toEqual([path, body, 403, "KEY_DENIED"]);
      }
    }
  }
});

test("beyond its requests a minute a key gets 429 with Retry-After, and nobody else does", async () => {
  rig = await startKeyRig();
  const { addKey, daemon } = rig;
  const { client } = await addKey("slow", "--agents", "a", "--rpm", "3");
  const { client: other } = await addKey("other", "--agents", "a");
  const replies = [];
  for (let n = 0; n < 5; n++) replies.push(await client.get("/api/v1/tasks"));
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
  const last = replies.at(-1)!;
  expect(codeOf(last.text)).toBe("RATE_LIMITED");
  expect(Number(last.headers["retry-after"])).toBeGreaterThan(50);
  expect(Number(last.headers["retry-after"])).toBeLessThanOrEqual(60);
  expect((await other.get("/api/v1/tasks")).status).toBe(200);
  expect((await daemon.client.get("/api/v1/tasks")).status).toBe(200);
});

test("a revoked key is refused from the next request on, its streams end, and its tasks go on", async () => {
  rig = await startKeyRig();
  const { addKey, daemon } = rig;
  const { client } = await addKey("gone", "--agents", "a");
  const id = await submit(client, "task held gate=hold", as);
  await rig.stub.reached("hold");
  const stream = await client.stream("GET", `/api/v1/task/stream?task_id=${id}`);
  const revoked = await runCli(rig.home, ["key", "revoke", "gone"]);
  expect(revoked).toMatchObject({ code: 0, stdout: "API key gone is refused from now on\n" });
  // It ended, and not because the task did.
  expect((await stream.all()).map(({ event }) => event)).toEqual(["status", "status", "status"]);
  const reply = await client.get(`/api/v1/tasks/${id}`);
  expect([reply.status, codeOf(reply.text)]).toEqual([401, "AUTH_INVALID"]);
  rig.stub.open("hold");
  expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
  expect((await runCli(rig.home, ["key", "revoke", "gone"])).code).toBe(1);
  const { keys } = (await runCli(rig.home, ["key", "list", "--json"])).json<{ keys: object[] }>();
  expect(keys).toMatchObject([{ name: "gone", status: "revoked" }]);
  // The name is free again, and the new key is another one.
  await addKey("gone", "--agents", "a");
});

test("a key that has expired, is misspelt or is another's hash is 401", async () => {
  rig = await startKeyRig();
  const { ask, clientOf, daemon } = rig;
  const soon = new Date(Date.now() + 700).toISOString();
  const body = { name: "brief", agents: ["a"], expires_at: soon };
  const { secret } = (await daemon.client.post("/api/v1/keys", body)).json<{ secret: string }>();
  const client = clientOf(secret);
  expect((await client.get("/api/v1/tasks")).status).toBe(200);
  await until("the key to be over", async () => (await client.get("/api/v1/tasks")).status === 401, 5_000);
  const hash = ask<string>("SELECT hash FROM api_keys")[0]!;
  const flipped = secret.slice(0, -1) + (secret.endsWith("A") ? "B" : "A");
  for (const wrong of [flipped, hash, `gck_${"0".repeat(12)}_${secret.slice(17)}`, "gck_"]) {
    const reply = await clientOf(wrong).get("/api/v1/tasks");
    expect([wrong.slice(0, 6), reply.status]).toEqual([wrong.slice(0, 6), 401]);
  }
});

test("the key stands nowhere but in the answer that made it; every act about keys is audited", async () => {
  rig = await startKeyRig();
  const { addKey, ask, daemon } = rig;
  const { secret, client } = await addKey("secret", "--agents", "a");
  await ended(client, await submit(client, `task leak ${secret}`, as));
  await daemon.stop();
  const tables = ask<string>("SELECT group_concat(sql) FROM sqlite_schema WHERE name = 'api_keys'");
  expect(tables[0]).not.toContain("secret");
  expect(ask<string>("SELECT hash || agents || budgets FROM api_keys")[0]).not.toContain(secret.slice(17));
  const acts = ask<string>("SELECT resource || ' ' || decision FROM audit WHERE capability = 'admin.keys'");
  expect(acts).toEqual(["key.add secret allow"]);
});

test("without admin.keys in the policy nobody makes keys, and bad input is named", async () => {
  const plain = await createRig({ allow: ["acp.read", "acp.mutate"] });
  await plain.start();
  const denied = await runCli(plain.home, ["key", "add", "x", "--agents", "default"]);
  expect([denied.code, denied.stderr]).toEqual([77, expect.stringContaining("admin.keys")]);
  await plain.close();
  rig = await startKeyRig();
  const { addKey, daemon } = rig;
  const wrong = [
    [{ name: "x", agents: ["nobody"] }, /no agent .*nobody/],
    [{ name: "x y", agents: ["a"] }, /name/],
    [{ name: "x", agents: [] }, /agents/],
    [{ name: "x", agents: ["a"], scopes: ["admin.keys"] }, /scopes/],
    [{ name: "x", agents: ["a"], budgets: { per_year_usd: 1 } }, /per_year_usd/],
    [{ name: "x", agents: ["a"], expires_at: "2001-01-01T00:00:00Z" }, /is over/],
    [{ name: "x", agents: ["a"], expires_at: "soon" }, /no time/],
  ] as const;
  for (const [body, message] of wrong) {
    const reply = await daemon.client.post("/api/v1/keys", body);
    expect([JSON.stringify(body), reply.status >= 400 && reply.status < 500]).toEqual([
      JSON.stringify(body),
      true,
    ]);
    expect(reply.text).toMatch(message);
  }
  expect((await runCli(rig.home, ["key", "add", "x"])).code).toBe(2);
  await addKey("twice", "--agents", "a");
  const again = await runCli(rig.home, ["key", "add", "twice", "--agents", "a"]);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("already")]);
});
