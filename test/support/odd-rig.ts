// A daemon with the odd MCP server, its tools approved, and a model that calls what it is told to call.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Daemon } from "./daemon.ts";
import type { Reply, StubToolCall } from "./directive.ts";
import { writeConfig } from "./home.ts";
import { approve, ODD, scripted, serverNow, type WireServer } from "./mcp.ts";
import { createRig, type Rig } from "./rig.ts";
import { ended, submit, taskWhere } from "./tasks.ts";

export interface OddSetting {
  readonly allow?: readonly string[];
  /** Further keys of policy.yaml. */
  readonly policy?: Readonly<Record<string, unknown>>;
  /** Over the entry of mcp.servers. */
  readonly server?: object;
  readonly idleSeconds?: number;
}

export interface OddRig {
  readonly rig: Rig;
  readonly home: string;
  /** The daemon that runs now. */
  readonly daemon: Daemon;
  /** What the odd server lists from now on. */
  list(...tools: object[]): void;
  configure(servers: readonly object[], more?: object): void;
  /** A stop and a start, or a kill and a start. */
  restart(how?: "stop" | "kill"): Promise<void>;
  /** Submits a task whose model makes these calls in one answer; a bare name is a tool of the odd server. */
  ask(...calls: readonly (string | StubToolCall)[]): Promise<string>;
  /** The same, to its end; what the model was told. */
  told(...calls: readonly (string | StubToolCall)[]): Promise<string[]>;
  /** A call whose outcome nobody knows: the task stops and asks. */
  parked(name: string): Promise<string>;
  toldLast(): string[];
  /** MCP tools that the model was offered last. */
  offeredLast(): { name: string; description: string }[];
  now(): Promise<WireServer>;
  /** The calls that reached the odd server, one a line. */
  ledger(): string;
}

export const tool = (name: string, more: object = {}) => ({
  ...{ name, description: `does ${name}`, inputSchema: { type: "object", properties: {} }, ...more },
});

export async function openOdd(names: readonly string[], setting: OddSetting = {}): Promise<OddRig> {
  const { allow = ["acp.*", "mcp.*"], policy = {}, server = {}, idleSeconds = 600 } = setting;
  const rig = await createRig({ allow, policy });
  const { home, stub } = rig;
  mkdirSync(join(home, "workspace"), { recursive: true, mode: 0o700 });
  const toolsFile = join(home, "tools.json");
  const ledgerFile = join(home, "ledger");
  let count = 0;
  let daemon: Daemon;
  const odd: OddRig = {
    rig,
    home,
    get daemon() {
      return daemon;
    },
    list: (...tools) => writeFileSync(toolsFile, JSON.stringify(tools)),
    configure: (servers, more = {}) =>
      writeConfig(home, {
        ...{ bind_addr: "127.0.0.1:0", lease_seconds: 1, retry: { base_ms: 20, max_ms: 200 } },
        ...{ llm: { provider: "stub", model: "m" }, drain_timeout_seconds: 2 },
        providers: { stub: { type: "openai_compatible", base_url: stub.baseUrl, api_key: "sk-stub" } },
        mcp: { servers, idle_seconds: idleSeconds },
        ...more,
      }),
    restart: async (how = "stop") => {
      await (how === "stop" ? daemon.stop() : daemon.kill());
      daemon = await rig.start();
    },
    ask: (...calls) => {
      count += 1;
      const toolCalls = calls.map((call) =>
        typeof call === "string" ? { name: `mcp__odd__${call}`, args: {} } : call,
      );
      stub.use((_, place): Reply => (place.turn === 0 ? { toolCalls } : { text: "understood" }));
      return submit(daemon.client, `task q${count}`);
    },
    told: async (...calls) => {
      const { state } = await ended(daemon.client, await odd.ask(...calls));
      if (state !== "SUCCEEDED") throw new Error(`the task ended ${state}`);
      return odd.toldLast();
    },
    parked: async (name) => {
      const id = await odd.ask(name);
      await taskWhere(daemon.client, id, "waits", (task) => task.reason_code === "EFFECT_UNKNOWN", 15_000);
      return id;
    },
    toldLast: () => {
      const messages = stub.calls.findLast((call) => call.turn === 1)?.body.messages ?? [];
      return messages.filter(({ role }) => role === "tool").map(({ content }) => String(content));
    },
    offeredLast: () => {
      const tools = stub.calls.findLast((call) => call.turn === 0)?.body.tools ?? [];
      return tools
        .map((each) => each.function as { name: string; description: string })
        .filter(({ name }) => name.startsWith("mcp__"));
    },
    now: () => serverNow(daemon.client, "odd"),
    ledger: () => (existsSync(ledgerFile) ? readFileSync(ledgerFile, "utf8") : ""),
  };
  odd.list(...names.map((name) => tool(name)));
  odd.configure([scripted("odd", ODD, [toolsFile, ledgerFile], { timeout_seconds: 5, ...server })]);
  daemon = await rig.start();
  if (names.length > 0) await approve(home, "odd");
  return odd;
}
