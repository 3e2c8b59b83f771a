// One gate: every route, every RPC method and every tool there is asks the guard, and with a guard that says no nothing
// is touched behind it. The registries themselves are walked, so what is added later is walked as well.

import { channel } from "node:diagnostics_channel";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BASE_CAPABILITIES } from "../../src/domain/capability.ts";
import { codeOf, GoclawError } from "../../src/domain/error.ts";
import type { ClaimedTask } from "../../src/domain/task.ts";
import { createGateway, type GatewayOptions } from "../../src/gateway/server.ts";
import type { McpHub } from "../../src/mcp/hub.ts";
import type { Guard } from "../../src/policy/guard.ts";
import { claim } from "../../src/queue/claim.ts";
import { enqueue } from "../../src/queue/enqueue.ts";
import { createRpc } from "../../src/rpc/dispatch.ts";
import type { Method, RpcPorts } from "../../src/rpc/method.ts";
import { TOOL_CAPABILITIES, TOOLS } from "../../src/tools/index.ts";
import { createMcpTools } from "../../src/tools/mcp-tools.ts";
import { perform } from "../../src/tools/perform.ts";
import type { Tool } from "../../src/tools/tool.ts";
import { SAMPLES } from "../contract/tool-samples.ts";
import { type InlineWriter, openInlineWriter, storeOf } from "../support/inline-writer.ts";
import { claimInput, enqueueInput } from "../support/inputs.ts";
import { guardOf, handsOf } from "../support/policy.ts";
import { DOORS, methodOf, OPEN_ROUTES, OPERATIONS, PROBES } from "../support/routes.ts";
import { ROOT, readText } from "../support/tree.ts";
import { verifies } from "../support/verifies.ts";

const TOKEN = "the-token-of-this-home";
const asked: string[] = [];

/** Throws at the first thing that is wanted of it. */
function untouchable<T extends object>(what: string, but: Partial<T>): T {
  return new Proxy(but, {
    get: (known, name) => {
      if (name in known) return known[name as keyof typeof known];
      throw new Error(`${what}.${String(name)} was used before the guard was asked`);
    },
  }) as T;
}

const denying = untouchable<Guard>("guard", {
  permit: ({ capability, resource }) => {
    asked.push(`${capability} ${resource}`);
    return Promise.reject(new GoclawError("CAP_DENIED", "nothing is allowed"));
  },
});
const agents = [{ id: "default" }] as unknown as RpcPorts["agents"];
const routes = { names: [], headerNames: [], takes: () => false } as unknown as RpcPorts["routes"];
const rpc = createRpc(
  untouchable<RpcPorts>("ports", { guard: denying, newId: () => "trace", agents, routes }),
);

describe("routes", () => {
  const routes: string[] = [];
  let app: FastifyInstance;

  beforeAll(async () => {
    const opening = channel("fastify.initialization");
    const collect = (message: unknown): void => {
      const { fastify } = message as { fastify: FastifyInstance };
      fastify.addHook("onRoute", ({ method, url }) => {
        for (const one of [method].flat()) if (one !== "HEAD") routes.push(`${one} ${url}`);
      });
    };
    opening.subscribe(collect);
    app = createGateway({
      rpc,
      follower: untouchable("follower", {}),
      bus: untouchable("bus", {}),
      auth: { readToken: () => TOKEN, examineKey: () => undefined, hostNames: [], origins: [] },
      onTokenRotated: () => {},
      health: { notReady: () => null, warnings: () => [], components: () => ({}) },
      maxRequestBytes: 100_000,
      ...{ nowMs: () => 0, monoMs: () => 0 },
      reportDefect: (error, where) => expect.unreachable(`${where}: ${String(error)}`),
    } satisfies GatewayOptions);
    opening.unsubscribe(collect);
    await app.ready();
  });
  afterAll(() => app.close());

  test("every route has a sample here, and every sample a route", () => {
    expect([...PROBES, ...DOORS, ...OPERATIONS].map(({ route }) => route).sort()).toEqual(routes.sort());
  });

  test.each(OPERATIONS)(verifies(["SEC-002", "ACP-003"], "$route"), async (sample) => {
    const { path: url, body } = sample;
    const method = methodOf(sample) as "GET";
    const headers = { host: "localhost", accept: "application/json, text/event-stream" };
    const payload = body === undefined ? {} : { payload: body as object };
    const stranger = await app.inject({ method, url, headers, ...payload });
    expect([stranger.statusCode, asked.splice(0)]).toEqual([401, []]);
    const authorization = `Bearer ${TOKEN}`;
    const reply = await app.inject({ method, url, headers: { ...headers, authorization }, ...payload });
    expect([reply.statusCode, reply.json().error.code]).toEqual([403, "CAP_DENIED"]);
    expect(asked.splice(0), "the guard was asked once").toHaveLength(1);
  });

  test.each(DOORS)("$route answers nothing to a plain request", async ({ path: url }) => {
    const headers = { host: "localhost", authorization: `Bearer ${TOKEN}` };
    expect((await app.inject({ url, headers: { host: "localhost" } })).statusCode).toBe(401);
    expect([(await app.inject({ url, headers })).statusCode, asked]).toEqual([426, []]);
  });

  test.each(PROBES)("$route is about the process alone: no policy is asked", async (sample) => {
    const { path: url, route } = sample;
    const headers = { host: "localhost" };
    const open = await app.inject({ url, headers });
    expect(open.statusCode).toBe(OPEN_ROUTES.includes(route) ? 200 : 401);
    const known = await app.inject({ url, headers: { ...headers, authorization: `Bearer ${TOKEN}` } });
    expect([known.statusCode, asked]).toEqual([200, []]);
  });
});

describe("RPC methods", async () => {
  const isMethod = (value: unknown): value is Method<unknown, unknown> =>
    typeof value === "object" && value !== null && "capability" in value && "run" in value;
  const files = readdirSync(join(ROOT, "src/rpc/methods"));
  const modules = await Promise.all(
    files.map(
      (file) => import(join(ROOT, "src/rpc/methods", file)) as Promise<Readonly<Record<string, unknown>>>,
    ),
  );
  const methods = modules.flatMap((exported) => Object.values(exported).filter(isMethod));

  test("their names are unique", () => {
    expect(methods.length).toBeGreaterThan(20);
    expect(new Set(methods.map(({ name }) => name)).size).toBe(methods.length);
  });

  test.each(methods.map((method) => [method.name, method] as const))(
    verifies("SEC-002", "%s"),
    async (name, method) => {
      expect(BASE_CAPABILITIES).toContain(method.capability);
      const calling = rpc.call(method, {}, { principal: "token", traceId: "trace" });
      expect(await calling.catch(codeOf)).toBe("CAP_DENIED");
      expect(asked.splice(0)).toEqual([`${method.capability} ${name}`]);
    },
  );

  test("no surface calls a method but through the dispatcher", () => {
    const surfaces = readdirSync(join(ROOT, "src/gateway")).map((file) => `src/gateway/${file}`);
    const text = surfaces.map((file) => readText(file)).join("\n");
    const names = modules.flatMap((exported) =>
      Object.entries(exported).flatMap(([name, value]) => (isMethod(value) ? name : [])),
    );
    expect(names.filter((name) => new RegExp(`\\b${name}\\.run\\b`).test(text))).toEqual([]);
  });
});

describe("tools", () => {
  let writer: InlineWriter;
  let task: ClaimedTask;
  beforeAll(() => {
    writer = openInlineWriter();
    writer.call(enqueue, enqueueInput("t1"));
    [task] = writer.call(claim, claimInput()) as [ClaimedTask];
  });
  afterAll(() => writer.close());

  const called: string[] = [];
  const foreign = {
    ...{ server: "s", tool: "t", hash: "h", offeredAs: "mcp_s_t", description: "of a server" },
    inputSchema: { type: "object" },
  };
  const hub = { toolsFor: () => [foreign], call: async () => called.push("mcp") };
  const all: readonly Tool[] = [...TOOLS, ...createMcpTools(hub as unknown as McpHub)(null)];
  const samples = { ...SAMPLES, mcp_s_t: { good: [{}, { path: "/etc/passwd" }] } };
  const cases = all.flatMap((tool) =>
    (samples[tool.name as keyof typeof samples]?.good ?? []).map((args) => [tool, args] as const),
  );
  let callIndex = 0;

  test("each is here with a call", () => {
    expect(new Set(cases.map(([tool]) => tool))).toEqual(new Set(all));
  });

  test.each(cases.map(([tool, args]) => [tool.name, JSON.stringify(args), tool] as const))(
    verifies("SEC-002", "%s %s is not run under an empty policy"),
    async (name, argumentsText, tool) => {
      const run: Tool["run"] = async () => {
        called.push(name);
        return { type: "done", text: "" };
      };
      const armed: Tool = { ...tool, run };
      const store = storeOf(writer);
      const before = writer.reader.all("SELECT seq FROM audit").length;
      const hands = handsOf(store, guardOf("", TOOL_CAPABILITIES, store), [armed]);
      const call = { id: "c", name, argumentsText };
      const place = { turn: 0, callIndex: callIndex++ };
      const result = await perform(hands, task, call, place, new AbortController().signal);
      expect(result).toMatchObject({
        type: "result",
        text: expect.stringMatching(/^(CAP_DENIED|URL_[A-Z_]+): /),
      });
      expect(called).toEqual([]);
      expect(writer.reader.all("SELECT seq FROM audit")).toHaveLength(before + 1);
    },
  );
});
