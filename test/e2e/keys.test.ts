// API keys on the real daemon: what they open, what stays shut, how often, for how much, and until when.

import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import { ALLOW_ALL } from "../support/home.ts";
import { type Client, createClient } from "../support/http.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit, taskWhere, type WireTask } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";
import { until } from "../support/wait.ts";

/** One token out costs $0.001; a call reserves at most ten of them. */
const MODEL = {
  ...{ id: "stub/m", context_window: 10_000, max_output_tokens: 10 },
  ...{ input_usd_per_mtok: 0, output_usd_per_mtok: 1_000 },
};
const RESERVED_USD = 0.01;
const LANES = 8;

let rig: Rig;
let daemon: Daemon;
const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await rig.close();
});

async function start(config: object = {}): Promise<void> {
  const agents = [{ agent_id: "a" }, { agent_id: "b" }];
  rig = await createRig({
    allow: [...ALLOW_ALL, "admin.keys"],
    config: { models: [MODEL], agents, worker_count: LANES, ...config },
  });
  daemon = await rig.start();
}

async function addKey(name: string, ...options: string[]): Promise<{ secret: string; client: Client }> {
  const added = await runCli(rig.home, ["key", "add", name, ...options]);
  expect([added.code, added.stderr]).toEqual([0, expect.stringContaining("not shown again")]);
  const secret = added.stdout.trim();
  expect(secret).toMatch(/^gck_[0-9a-f]{12}_[\w-]{43}$/);
  return { secret, client: clientOf(secret) };
}

function clientOf(secret: string): Client {
  const client = createClient(daemon.client.url, secret);
  clients.push(client);
  return client;
}

function ask<T>(sql: string): T[] {
  const db = new Database(join(rig.home, "goclaw.db"), { readonly: true, timeout: 5_000 });
  try {
    return db.prepare(sql).pluck().all() as T[];
  } finally {
    db.close();
  }
}

const codeOf = (text: string): string => (JSON.parse(text) as { error: { code: string } }).error.code;
const as = { agent: "a" };

test(
  verifies("ACP-003", "a key submits and reads the tasks of its agents, as Bearer and as X-API-Key"),
  async () => {
    await start();
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
  await start();
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
  await start();
  const { client } = await addKey("reader", "--agents", "*", "--scopes", "acp.read");
  expect((await client.get("/api/v1/tasks")).status).toBe(200);
  const reply = await client.post("/api/v1/tasks", { agent: "a", prompt: "task x" });
  expect([reply.status, codeOf(reply.text)]).toEqual([403, "KEY_DENIED"]);
  expect(reply.text).toContain("acp.mutate");
});

test("beyond its requests a minute a key gets 429 with Retry-After, and nobody else does", async () => {
  await start();
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
  await start();
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
  await start();
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
  await start();
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
  rig = await createRig();
  daemon = await rig.start();
  const denied = await runCli(rig.home, ["key", "add", "x", "--agents", "default"]);
  expect([denied.code, denied.stderr]).toEqual([77, expect.stringContaining("admin.keys")]);
  await rig.close();
  await start();
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

const rests = (task: WireTask): boolean =>
  task.state === "SUCCEEDED" ||
  (task.state === "RETRY_WAIT" && !(task.error?.message ?? "").includes("in flight"));

test("64 tasks on one key's budget: never more than the calls in flight, and a kill leaks nothing", async () => {
  await start();
  const cap = 0.05;
  const { client } = await addKey("shared", "--agents", "a", "--budget-usd", String(cap));
  const ids = await Promise.all(
    Array.from({ length: 64 }, (_, n) => submit(client, `task k${n} gate=hold`, as)),
  );
  await until(
    "the budget to be full of calls in flight",
    () => ask("SELECT 1 FROM reservations").length === 5,
  );
  expect(rig.stub.calls.length).toBeLessThanOrEqual(5);
  await daemon.kill();
  rig.stub.open("hold");
  daemon = await rig.start();
  const tasks = await Promise.all(ids.map((id) => taskWhere(daemon.client, id, "rests", rests, 60_000)));
  const done = tasks.filter(({ state }) => state === "SUCCEEDED").length;
  const spent =
    ask<number>("SELECT usd FROM spend_totals WHERE scope LIKE 'key:%' AND period = 'total'")[0] ?? 0;
  expect(ask("SELECT 1 FROM reservations")).toEqual([]);
  expect(ask("SELECT 1 FROM reserved_links")).toEqual([]);
  expect(spent).toBeCloseTo(done * 0.002, 9);
  expect(spent).toBeGreaterThan(cap - RESERVED_USD);
  expect(spent).toBeLessThanOrEqual(cap + 1e-9);
  const waiting = tasks.find(({ state }) => state !== "SUCCEEDED")!;
  expect(waiting).toMatchObject({ reason_code: "AWAITING_BUDGET" });
  expect(waiting.error?.message).toContain("API key shared: budgets.total_usd is $0.0500");
  // The same agent with the home's own token is not held by the key's budget.
  expect((await ended(daemon.client, await submit(daemon.client, "task free", as))).state).toBe("SUCCEEDED");
  const cost = await runCli(rig.home, ["cost", "--by", "key"]);
  expect(cost.stdout).toMatch(new RegExp(`shared [0-9a-f]{12} +${done} `));
  expect(cost.stdout).toMatch(/token +1 /);
}, 90_000);

test("a key with on_limit fail ends its task at the cap", async () => {
  await start();
  const { client } = await addKey("strict", "--agents", "a", "--budget-usd", "0.005", "--on-limit", "fail");
  const task = await ended(client, await submit(client, "task dear", as));
  expect(task).toMatchObject({ state: "FAILED", error: { code: "BUDGET_EXCEEDED" } });
});

test("two keys with the same idempotency key do not meet", async () => {
  await start();
  const [one, two] = [await addKey("one", "--agents", "a"), await addKey("two", "--agents", "a")];
  const first = await submit(one.client, "task same", as, "same-key");
  expect(await submit(one.client, "task same", as, "same-key")).toBe(first);
  expect(await submit(two.client, "task same", as, "same-key")).not.toBe(first);
});
