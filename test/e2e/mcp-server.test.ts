// GoClaw as an MCP server, asked by the official client over both ways in: every call is a durable task behind the same
// token and the same policy.

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterEach, expect, test } from "vitest";
import { cleanEnvironment, programUnderTest } from "../support/program.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { readTask } from "../support/tasks.ts";

let rig: Rig;
let client: Client | undefined;
afterEach(async () => {
  await client?.close();
  client = undefined;
  await rig.close();
});

function newClient(mode: "auto" | "legacy" = "auto"): Client {
  client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
  return client;
}

async function connectHttp(address: string, token: string, mode?: "auto" | "legacy"): Promise<Client> {
  const headers = { authorization: `Bearer ${token}` };
  const transport = new StreamableHTTPClientTransport(new URL(`http://${address}/mcp`), {
    requestInit: { headers },
  });
  const connected = newClient(mode);
  await connected.connect(transport);
  return connected;
}

async function connectStdio(): Promise<Client> {
  const [command = "", ...words] = programUnderTest();
  const env = cleanEnvironment(rig.home) as Record<string, string>;
  const connected = newClient();
  await connected.connect(
    new StdioClientTransport({ command, args: [...words, "mcp", "serve"], env, stderr: "ignore" }),
  );
  return connected;
}

function textOf(result: Awaited<ReturnType<Client["callTool"]>>): string {
  const [item] = result.content;
  return item?.type === "text" ? item.text : "";
}

const SERVED = { mcp: { serve: { agents: ["default", "coder"], tools: ["now", "write_note"] } } };

test.each(["auto", "legacy"] as const)("/mcp serves agents and listed tools as tasks (%s)", async (mode) => {
  rig = await createRig({ config: SERVED });
  const daemon = await rig.start();
  const peer = await connectHttp(daemon.run.address, daemon.client.token, mode);

  const { tools } = await peer.listTools();
  expect(tools.map(({ name }) => name)).toEqual(["ask_default", "ask_coder", "now", "write_note"]);

  const answer = await peer.callTool({ name: "ask_default", arguments: { prompt: "task hello words=3" } });
  expect(textOf(answer)).toContain("done hello");
  const id = String(answer._meta?.["goclaw/task_id"]);
  expect((await readTask(daemon.client, id)).state).toBe("SUCCEEDED");

  expect(textOf(await peer.callTool({ name: "now", arguments: {} }))).toMatch(/^\d{4}-\d\d-\d\dT/);
  const bad = await peer.callTool({ name: "write_note", arguments: { name: "../out", text: "x" } });
  expect(bad.isError).toBe(true);
  expect(textOf(bad)).toContain("TOOL_ARGUMENTS");
  const unlisted = await peer.callTool({ name: "send_alert", arguments: {} });
  expect(unlisted.isError).toBe(true);
  expect(textOf(unlisted)).toContain("TOOL_UNKNOWN");
});

test("/mcp wants the token, and a policy that forbids the tool is obeyed and audited", async () => {
  rig = await createRig({ config: SERVED, allow: ["acp.read", "acp.mutate"] });
  const daemon = await rig.start();
  const bare = await daemon.client.send("POST", "/mcp", { auth: false, body: {} });
  expect(bare.status).toBe(401);
  await expect(connectHttp(daemon.run.address, "wrong")).rejects.toThrow();
  const peer = await connectHttp(daemon.run.address, daemon.client.token);
  const denied = await peer.callTool({ name: "now", arguments: {} });
  expect(denied.isError).toBe(true);
  expect(textOf(denied)).toContain("CAP_DENIED");
  const id = String(denied._meta?.["goclaw/task_id"]);
  const audit = rig.read((db) => db.audit(id).map(({ capability, decision }) => [capability, decision]));
  expect(audit).toContainEqual(["tools.now", "deny"]);
});

test("goclaw mcp serve is an MCP server on stdio, as a client of the daemon that runs or as the daemon", async () => {
  rig = await createRig({ config: SERVED });
  const daemon = await rig.start();
  const peer = await connectStdio();
  const answer = await peer.callTool({ name: "ask_default", arguments: { prompt: "task over-stdio" } });
  expect(textOf(answer)).toContain("done over-stdio");
  expect((await readTask(daemon.client, String(answer._meta?.["goclaw/task_id"]))).state).toBe("SUCCEEDED");
  await peer.close();
  await daemon.stop();

  const alone = await connectStdio();
  const session = String(answer._meta?.["goclaw/session_id"]);
  const again = await alone.callTool({
    name: "ask_default",
    arguments: { prompt: "task alone", session_id: session },
  });
  expect(textOf(again)).toContain("done alone");
  const last = rig.stub.calls.at(-1);
  expect(JSON.stringify(last?.body.messages)).toContain("done over-stdio");
});
