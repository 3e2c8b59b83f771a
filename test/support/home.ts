// Temporary homes. Each is an empty directory with the config.yaml and policy.yaml a test asks for; it is removed at
// the end of the test, and no daemon of a test ever sees the real home or the caller's API keys.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";

export interface HomeFiles {
  /** Merged over the rig's defaults; nested maps are merged too. Null writes no config.yaml. */
  readonly config?: Readonly<Record<string, unknown>> | null;
  /** Capabilities the policy allows; null writes no policy.yaml. */
  readonly allow?: readonly string[] | null;
  /** Further keys of policy.yaml. */
  readonly policy?: Readonly<Record<string, unknown>>;
}

export interface Peers {
  readonly modelUrl?: string;
  readonly sinkUrl?: string;
}

export const ALLOW_ALL = ["acp.read", "acp.mutate", "admin.*", "llm.passthrough", "tools.*"] as const;

const WORKSPACE = { allow_paths: [{ path: "workspace", mode: "rw" }] };

/** Makes a home that talks to the given stub and sink, with short leases and backoffs. */
export function makeHome(peers: Peers = {}, files: HomeFiles = {}): string {
  const home = mkdtempSync(join(tmpdir(), "goclaw-test-"));
  chmodSync(home, 0o700);
  writeHome(home, peers, files);
  return home;
}

export function writeHome(home: string, peers: Peers, files: HomeFiles): void {
  if (files.config !== null) writeConfig(home, merge(defaults(peers), files.config ?? {}));
  if (files.allow !== null) {
    const policy = stringify({ allow_capabilities: files.allow ?? ALLOW_ALL, ...WORKSPACE, ...files.policy });
    writeFileSync(join(home, "policy.yaml"), policy, { mode: 0o600 });
  }
}

export function writeConfig(home: string, config: Readonly<Record<string, unknown>>): void {
  writeFileSync(join(home, "config.yaml"), stringify(config), { mode: 0o600 });
}

export function removeHome(home: string): void {
  rmSync(home, { recursive: true, force: true, maxRetries: 3 });
}

function defaults(peers: Peers): Record<string, unknown> {
  return {
    bind_addr: "127.0.0.1:0",
    lease_seconds: 1,
    retry: { base_ms: 20, max_ms: 200 },
    drain_timeout_seconds: 2,
    ...(peers.modelUrl === undefined
      ? {}
      : {
          llm: { provider: "stub", model: "m" },
          providers: { stub: { type: "openai_compatible", base_url: peers.modelUrl, api_key: "sk-stub" } },
        }),
    ...(peers.sinkUrl === undefined ? {} : { tools: { send_alert: { webhook_url: peers.sinkUrl } } }),
  };
}

function merge(
  base: Record<string, unknown>,
  over: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isMap(below) && isMap(value) ? merge(below, value) : value;
  }
  return merged;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
