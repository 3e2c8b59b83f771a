// A client's own conversation through /v1: who may have one, what its key may spend on it, and that nobody who answers
// it tells a secret.

import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import { ALLOW_ALL } from "../support/home.ts";
import { ask } from "../support/home-sql.ts";
import { type Client, createClient } from "../support/http.ts";
import { chat, createRoutingRig, type RoutingRig, told } from "../support/routing-rig.ts";
import { ended, submit } from "../support/tasks.ts";

let rig: RoutingRig;
let daemon: Daemon;
const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await rig.close();
});

const rowsOf = (sql: string): unknown[] => ask(rig.home, sql);

const AUDITED_SQL = "SELECT decision, resource FROM audit WHERE capability = 'llm.passthrough'";

const PATH = "/v1/chat/completions";

async function addKey(name: string, ...options: string[]): Promise<Client> {
  const added = await runCli(rig.home, ["key", "add", name, ...options]);
  const client = createClient(daemon.client.url, added.stdout.trim());
  clients.push(client);
  return client;
}

const codeOf = (text: string): string => (JSON.parse(text) as { error: { code: string } }).error.code;

async function namesFor(client: Client): Promise<string[]> {
  const { data } = (await client.get("/v1/models")).json<{ data: { id: string }[] }>();
  return data.map(({ id }) => id);
}

test("the policy must allow it, and an agent of a chosen model is no such thing", async () => {
  const allow = ALLOW_ALL.filter((name) => name !== "llm.passthrough");
  rig = await createRoutingRig({}, {}, allow);
  daemon = await rig.start();
  const refused = await daemon.client.post(PATH, chat("auto", "task one"));
  expect([refused.status, codeOf(refused.text)]).toEqual([403, "CAP_DENIED"]);
  expect(refused.text).toContain("llm.passthrough");
  expect(rowsOf(AUDITED_SQL)).toEqual([{ decision: "deny", resource: "task.submit auto" }]);
  const agent = await daemon.client.post(PATH, chat("agent:any", "hello"));
  expect([agent.status, ...told(agent.headers)]).toEqual([200, "light", "l", "heuristic", "greeting"]);
});

test("its yes is in the audit with the task's own", async () => {
  rig = await createRoutingRig();
  daemon = await rig.start();
  expect((await daemon.client.post(PATH, chat("tier:light", "task two"))).status).toBe(200);
  expect(rowsOf(AUDITED_SQL)).toEqual([{ decision: "allow", resource: "task.submit tier:light" }]);
});

test("an API key needs the scope, and is listed what it may name", async () => {
  rig = await createRoutingRig();
  daemon = await rig.start();
  const narrow = await addKey("narrow", "--agents", "default", "--scopes", "acp.read,acp.mutate");
  const whole = await addKey("whole", "--agents", "default");
  const other = await addKey("other", "--agents", "any");
  const blind = await addKey("blind", "--agents", "*", "--scopes", "acp.mutate");
  const agents = ["goclaw", "goclaw-v1", "agent:default"];
  expect(await namesFor(narrow)).toEqual(agents);
  const routed = ["auto", "tier:light", "tier:medium", "tier:heavy"];
  const links = ["light/l", "stub/m"];
  const passed = await namesFor(whole);
  expect(passed.slice(0, 7)).toEqual(["goclaw", "goclaw-v1", ...routed, "agent:default"]);
  expect(passed).toEqual(expect.arrayContaining(links));
  expect(await namesFor(other)).toEqual(["agent:any"]);
  for (const path of ["/v1/models", "/v1/models/auto"]) {
    const reply = await blind.get(path);
    expect([path, reply.status, codeOf(reply.text)]).toEqual([path, 403, "KEY_DENIED"]);
  }
  for (const client of [narrow, other]) {
    const reply = await client.post(PATH, chat("tier:light", "task x"));
    expect([reply.status, codeOf(reply.text)]).toEqual([403, "KEY_DENIED"]);
  }
  expect((await whole.post(PATH, chat("tier:light", "task y"))).status).toBe(200);
  expect(rig.counts()).toEqual([1, 0, 0]);
});

test("/v1/models asks the policy like every route", async () => {
  rig = await createRoutingRig({}, {}, ["acp.mutate"]);
  daemon = await rig.start();
  for (const path of ["/v1/models", "/v1/models/goclaw"]) {
    const reply = await daemon.client.get(path);
    expect([path, reply.status, codeOf(reply.text)]).toEqual([path, 403, "CAP_DENIED"]);
  }
});

test("at its key's budget it is answered 429 and leaves nothing waiting; an agent's task waits", async () => {
  const price = { context_window: 9_000, max_output_tokens: 10, input_usd_per_mtok: 0 };
  const models = ["light/l", "stub/m"].map((id) => ({ ...price, id, output_usd_per_mtok: 1_000 }));
  rig = await createRoutingRig({}, { models });
  daemon = await rig.start();
  const client = await addKey("poor", "--agents", "*", "--budget-usd", "0.011");
  expect((await client.post(PATH, chat("tier:light", "task a"))).status).toBe(200);
  for (const more of [{}, { stream: true }]) {
    const reply = await client.post(PATH, chat("tier:light", "task b", more));
    expect([reply.status, codeOf(reply.text)]).toEqual([429, "KEY_BUDGET_EXCEEDED"]);
    expect(reply.text).toContain("API key poor: budgets.total_usd is $0.0110");
    // It never starts anew: only somebody who raises it helps.
    expect(reply.text).toMatch(/goclaw key update [0-9a-f]{12} raises it/);
    expect([reply.headers["retry-after"], reply.headers["x-goclaw-rule"]]).toEqual(["86400", "tier:light"]);
  }
  expect(rowsOf("SELECT state FROM tasks WHERE kind = 'passthrough' ORDER BY created_at")).toEqual([
    { state: "SUCCEEDED" },
    { state: "FAILED" },
    { state: "FAILED" },
  ]);
  expect(rowsOf("SELECT 1 FROM reservations")).toEqual([]);
  const waiting = await client.post(PATH, chat("goclaw", "task c"));
  expect([waiting.status, codeOf(waiting.text)]).toEqual([409, "AWAITING_BUDGET"]);
  expect(rig.counts()).toEqual([1, 0, 0]);
});

test("at its key's budget of the day it is told when the next day begins", async () => {
  const price = { context_window: 9_000, max_output_tokens: 10, input_usd_per_mtok: 0 };
  rig = await createRoutingRig({}, { models: [{ ...price, id: "light/l", output_usd_per_mtok: 1_000 }] });
  daemon = await rig.start();
  const client = await addKey("daily", "--agents", "*", "--per-day-usd", "0.011");
  expect((await client.post(PATH, chat("tier:light", "task c"))).status).toBe(200);
  const midnight = new Date(new Date().setUTCHours(24, 0, 0, 0));
  for (const more of [{}, { stream: true }]) {
    const reply = await client.post(PATH, chat("tier:light", "task d", more));
    expect([reply.status, codeOf(reply.text)]).toEqual([429, "KEY_BUDGET_EXCEEDED"]);
    expect(reply.text).toContain(`it starts anew at ${midnight.toISOString()}, and goclaw key update`);
    const after = Number(reply.headers["retry-after"]);
    expect(Math.abs(midnight.getTime() - Date.now() - after * 1_000)).toBeLessThan(10_000);
    expect(reply.headers["x-goclaw-layer"]).toBe("tier");
  }
});

test("what was paid to choose its model counts against its key and the provider", async () => {
  const price = { context_window: 9_000, max_output_tokens: 50, input_usd_per_mtok: 0 };
  const models = [
    { ...price, id: "light/c", output_usd_per_mtok: 1_000 },
    { ...price, id: "heavy/h", output_usd_per_mtok: 0 },
    { ...price, id: "stub/m", output_usd_per_mtok: 0 },
  ];
  const routing = { heuristics: [], classifier: { model: "light/c", timeout_ms: 5_000 } };
  rig = await createRoutingRig({ routing }, { models });
  daemon = await rig.start();
  rig.light.use(() => ({ text: "heavy" }));
  const client = await addKey("payer", "--agents", "default", "--budget-usd", "1");
  const reply = await client.post(PATH, chat("auto", "task p"));
  expect(told(reply.headers)).toEqual(["heavy", "h", "classifier", "light/c"]);
  const spent = `SELECT substr(scope, 1, instr(scope, ':')) AS kind, usd FROM spend_totals
    WHERE (scope LIKE 'key:%' AND period = 'total') OR (scope = 'provider:light' AND period LIKE 'day:%') ORDER BY kind`;
  expect(rowsOf(spent)).toEqual([
    { kind: "key:", usd: 0.001 },
    { kind: "provider:", usd: 0.001 },
  ]);
});

interface Chunk {
  readonly choices?: readonly { readonly delta: { readonly content?: string } }[];
}

const SECRET = "canary-51c2-of-a-search-engine";

test("no tier and no classifier tells a key that is in use", async () => {
  const search = { brave: { api_key: SECRET } };
  const routing = { heuristics: [], classifier: { model: "heavy/c", timeout_ms: 5_000 } };
  rig = await createRoutingRig({ routing }, { search });
  daemon = await rig.start();
  rig.heavy.use(() => ({ text: `neither: ${SECRET}` }));
  rig.stub.use(() => ({ text: `I was told ${SECRET}` }));
  // As it is said: what is stored is cleaned once more.
  const stream = await daemon.client.stream("POST", PATH, { body: chat("auto", "task z", { stream: true }) });
  const chunks = (await stream.all()).map(({ data }) => data).filter((data) => data.startsWith("{"));
  const said = chunks.map((data) => (JSON.parse(data) as Chunk).choices?.[0]?.delta.content ?? "").join("");
  expect(said).toBe("I was told [redacted]");
  const id = await submit(daemon.client, "task q", { model: "auto" });
  await ended(daemon.client, id);
  const events = (await daemon.client.get(`/api/v1/tasks/${id}/events`)).text;
  expect(events).toContain("neither: [redacted]");
  const shown = await runCli(rig.home, ["task", "show", id]);
  expect(shown.stdout).toContain("route     tier medium, stub/m by fallback (default)");
  expect(chunks.join("") + events + shown.stdout).not.toContain(SECRET);
});
