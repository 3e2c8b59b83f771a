// server-everything's `echo`, asked through GoClaw's hub, and by the official client alone over the same pipe.

import { createRequire } from "node:module";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { createDesk } from "../../src/mcp/desk.ts";
import type { McpHub } from "../../src/mcp/hub.ts";

export const EVERYTHING = createRequire(import.meta.url).resolve(
  "@modelcontextprotocol/server-everything/dist/index.js",
);

export interface Asked {
  readonly call: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The one configured server of the hub, approved as it is. */
export async function openThroughHub(hub: McpHub): Promise<Asked> {
  const desk = createDesk(hub);
  const { digest } = await desk.inspect("everything");
  await desk.approve("everything", digest, "bench");
  const echo = hub.toolsFor(null).find(({ tool }) => tool === "echo");
  if (echo === undefined) throw new Error("server-everything has no tool echo");
  const never = new AbortController().signal;
  return {
    call: async () => {
      const { text } = await hub.call(echo, { message: "hello" }, never);
      if (!text.includes("hello")) throw new Error(text);
    },
    close: () => hub.close(),
  };
}

export async function openBare(): Promise<Asked> {
  const client = new Client({ name: "bench", version: "0" });
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [EVERYTHING], stderr: "ignore" }),
  );
  return {
    call: async () => void (await client.callTool({ name: "echo", arguments: { message: "hello" } })),
    close: () => client.close(),
  };
}
