// Loads the configuration of a home: reads config.yaml and .env, checks everything, reports every problem at once, and
// returns one frozen Config. Nothing outside the home is read.

import { createHash } from "node:crypto";
import { toBudget } from "../domain/budget.ts";
import { resolveAgents } from "./agents.ts";
import { type BindAddress, parseBind } from "./bind.ts";
import { toModels } from "./budgets.ts";
import type { Config, ShellConfig } from "./config.ts";
import type { Env } from "./env.ts";
import { resolveLlm } from "./llm.ts";
import { checkMcp, toMcp } from "./mcp.ts";
import type { Paths } from "./paths.ts";
import { configError, type Problem } from "./problem.ts";
import { CHOICES, checkProviders, checkUrl, resolveProviders } from "./providers.ts";
import { readHome } from "./read-home.ts";
import { checkSchedules, toSchedules } from "./schedules.ts";
import type { Settings } from "./schema.ts";
import { checkSearch, toSearch } from "./search.ts";
import { type Flags, type ReadSettings, readSettings } from "./settings.ts";

export interface LoadInput {
  readonly paths: Paths;
  readonly env: Env;
  /** By config key: `{ bind_addr: "127.0.0.1:0" }`. */
  readonly flags?: Flags;
  /** Names of all tools; when given, an agent that names another is a problem. */
  readonly toolNames?: readonly string[];
  /** The text to use instead of what config.yaml holds, to try a change before it is written. */
  readonly text?: string;
  /** False leaves flags and environment out of the settings; `${VAR}` still expands. */
  readonly overrides?: boolean;
}

/** Throws GoclawError CONFIG_INVALID, or CONFIG_UNSAFE when the address is the only thing wrong. */
export function loadConfig(input: LoadInput): Config {
  const { paths, overrides = true, flags = {} } = input;
  const home = readHome(paths, input.env);
  const text = input.text ?? home.text;
  const read = readSettings({ file: paths.config, text, env: home.env, flags, overrides });
  const built = build(read.settings, read, input);
  const problems = [...home.problems, ...read.problems, ...(read.readable ? built.problems : [])];
  if (problems.length > 0) throw configError(problems, read.whereOf);
  return freeze(built.config);
}

function build(
  settings: Settings,
  read: ReadSettings,
  input: LoadInput,
): { config: Config; problems: Problem[] } {
  const providers = resolveProviders(settings, read);
  const { llm, problems: llmProblems } = resolveLlm(settings, providers);
  const { agents, problems } = resolveAgents({ ...input, settings, providers, llm });
  const bind = parseBind(settings.bind_addr);
  const plain: Omit<Config, "fingerprint"> = {
    workerCount: settings.worker_count,
    taskTimeoutMs: toMs(settings.task_timeout_seconds),
    maxAttempts: settings.max_attempts,
    leaseMs: toMs(settings.lease_seconds),
    retry: { baseMs: settings.retry.base_ms, maxMs: settings.retry.max_ms },
    maxQueueDepth: settings.max_queue_depth,
    drainTimeoutMs: toMs(settings.drain_timeout_seconds),
    bindAddr: settings.bind_addr,
    bind: typeof bind === "string" ? { host: "", port: 0, loopback: true } : bind,
    logLevel: settings.log_level,
    llm,
    providers,
    agents,
    schedules: toSchedules(settings),
    budget: toBudget(settings.budgets),
    models: toModels(settings.models),
    tools: {
      sendAlert: { webhookUrl: settings.tools.send_alert.webhook_url || undefined },
      shell: toShell(settings.tools.shell),
    },
    approvals: { timeoutMs: toMs(settings.approvals.timeout_seconds) },
    search: toSearch(settings),
    mcp: toMcp(settings, input.env),
    gateway: {
      maxRequestBytes: settings.gateway.max_request_size,
      allowRemote: settings.gateway.allow_remote,
      origins: settings.gateway.cors.origins ?? [],
    },
  };
  return {
    config: { ...plain, fingerprint: fingerprintOf(plain) },
    problems: [
      ...checkProviders(settings, read),
      ...llmProblems,
      ...checkRest(settings, bind),
      ...checkMcp(
        settings,
        agents.map(({ id }) => id),
        input.toolNames,
      ),
      ...checkSchedules(
        settings,
        agents.map(({ id }) => id),
        llm,
      ),
      ...problems,
    ],
  };
}

function toShell(shell: Settings["tools"]["shell"]): ShellConfig {
  return {
    mode: shell.sandbox,
    bwrapPath: shell.bwrap_path,
    dockerImage: shell.docker_image,
    envNames: shell.env_names ?? [],
    memoryBytes: shell.memory_mb * 1_048_576,
  };
}

/** Rules between keys that a schema cannot say. */
function checkRest(settings: Settings, bind: BindAddress | string): Problem[] {
  const problems: Problem[] = [];
  if (settings.retry.max_ms < settings.retry.base_ms) {
    const what = `${settings.retry.max_ms} is below retry.base_ms (${settings.retry.base_ms})`;
    problems.push({ path: ["retry", "max_ms"], what, fix: "raise it or lower retry.base_ms" });
  }
  if (typeof bind === "string") {
    const what = `${JSON.stringify(settings.bind_addr)}: ${bind} (allowed: HOST:PORT or [IPV6]:PORT)`;
    problems.push({ path: ["bind_addr"], what, fix: "write for example 127.0.0.1:18789" });
  } else if (!bind.loopback && !settings.gateway.allow_remote) {
    const what = `${settings.bind_addr} can be reached from other machines`;
    const fix = "bind 127.0.0.1 or [::1], or set gateway.allow_remote: true if that is meant";
    problems.push({ path: ["bind_addr"], what, fix, code: "CONFIG_UNSAFE" });
  }
  const webhook = settings.tools.send_alert.webhook_url;
  problems.push(...checkSearch(settings));
  if (webhook) problems.push(...checkUrl(webhook, ["tools", "send_alert", "webhook_url"]));
  const { sandbox, docker_image: image } = settings.tools.shell;
  if (sandbox === "docker" && image === undefined) {
    const fix = "name an image that is on this machine, for example debian:12";
    problems.push({
      path: ["tools", "shell", "sandbox"],
      what: "docker needs tools.shell.docker_image",
      fix,
    });
  }
  return problems;
}

function toMs(seconds: number): number {
  return Math.round(seconds * 1000);
}

/** Keys, the webhook's address and what MCP servers are handed are secrets; they and the words about them stay out. */
function fingerprintOf({ mcp, ...rest }: Omit<Config, "fingerprint">): string {
  const own = without(rest, ["apiKey", "webhookUrl", "missingReason", "keyPlaces"]);
  // Elsewhere a header is what a rule of routing looks at.
  const text = own + without(mcp, ["env", "headers"]);
  return createHash("sha256").update(text).digest("hex");
}

function without(value: unknown, secret: readonly string[]): string {
  return JSON.stringify(value, (key, inner: unknown) => (secret.includes(key) ? undefined : inner));
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const entry of Object.values(value)) freeze(entry);
  }
  return value;
}

/** Where a key for a model was looked for: what to tell somebody who has none. Empty when one can be used. */
export function lookedForKeys(config: Config): string[] {
  const wanted: readonly string[] = config.llm.explicit ? [config.llm.provider] : CHOICES;
  const providers = config.providers.filter((provider) => wanted.includes(provider.id));
  if (providers.some((provider) => provider.missingReason === undefined)) return [];
  return providers.flatMap((provider) => provider.keyPlaces);
}
