// MCP peers for tests: the published servers from node_modules as real programs, and what a test needs to have their
// tools approved and called.

import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { runCli } from "./cli.ts";
import type { Client } from "./http.ts";
import { nodeUnderTest } from "./program.ts";
import { within } from "./wait.ts";

const require = createRequire(import.meta.url);
export const FILESYSTEM = require.resolve("@modelcontextprotocol/server-filesystem/dist/index.js");
export const EVERYTHING = require.resolve("@modelcontextprotocol/server-everything/dist/index.js");
export const ODD = fileURLToPath(new URL("./odd-mcp-server.ts", import.meta.url));

/** An entry of mcp.servers that runs a script under Node. */
export function scripted(name: string, script: string, args: readonly string[] = [], more: object = {}) {
  return { name, command: nodeUnderTest(), args: [script, ...args], ...more };
}

/** Approves everything a server lists, as an operator would. */
export async function approve(home: string, server: string): Promise<void> {
  const result = await runCli(home, ["mcp", "approve", server, "--yes", "--json"]);
  if (result.code !== 0) throw new Error(`approving ${server}: ${result.stderr}`);
}

export interface WireServer {
  readonly name: string;
  readonly status: string;
  readonly running: boolean;
  readonly pid: number | null;
  readonly trouble: string | null;
  readonly tools: Readonly<Record<string, number>>;
}

export async function serverNow(client: Client, name: string): Promise<WireServer> {
  const { servers } = (await client.get("/api/v1/mcp/servers")).json<{ servers: WireServer[] }>();
  const found = servers.find((server) => server.name === name);
  if (found === undefined) throw new Error(`there is no server ${name}`);
  return found;
}

export interface HttpPeer {
  readonly url: string;
  /** Ends it and waits until it is gone. */
  close(): Promise<void>;
}

/** A port of loopback that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts server-everything on a free port of loopback and waits until it says that it listens. */
export async function startEverything(mode: "streamableHttp" | "sse", port: number): Promise<HttpPeer> {
  const child: ChildProcess = spawn(nodeUnderTest(), [EVERYTHING, mode], {
    env: { PATH: process.env.PATH ?? "", PORT: String(port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const listens = new Promise<void>((resolve, reject) => {
    const look = (text: Buffer): void => {
      if (/listening|running on port/i.test(text.toString())) resolve();
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    child.once("exit", (code) => reject(new Error(`server-everything ended with ${code}`)));
  });
  await within(`server-everything ${mode} listening`, listens, 20_000).catch((error: Error) => {
    child.kill("SIGKILL");
    throw error;
  });
  const path = mode === "sse" ? "/sse" : "/mcp";
  const gone = new Promise<void>((resolve) => void child.once("close", () => resolve()));
  const close = (): Promise<void> => {
    child.kill("SIGKILL");
    return gone;
  };
  return { url: `http://127.0.0.1:${port}${path}`, close };
}
