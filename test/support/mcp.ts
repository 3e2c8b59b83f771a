// MCP peers for tests: the published servers from node_modules as real programs, and what a test needs to have their
// tools approved and called.

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { runCli } from "./cli.ts";
import type { Client } from "./http.ts";
import { nodeUnderTest, REPOSITORY } from "./program.ts";
import { within } from "./wait.ts";

const PACKAGES = join(REPOSITORY, "node_modules/@modelcontextprotocol");
export const FILESYSTEM = join(PACKAGES, "server-filesystem/dist/index.js");
export const EVERYTHING = join(PACKAGES, "server-everything/dist/index.js");
export const ODD = join(REPOSITORY, "test/support/odd-mcp-server.ts");

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
  close(): void;
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
  return { url: `http://127.0.0.1:${port}${path}`, close: () => void child.kill("SIGKILL") };
}
