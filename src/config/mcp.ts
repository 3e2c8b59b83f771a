// MCP servers from the configuration, checked and in the program's own names. What would decide which code runs behind
// the operator's back (loader variables, runners that fetch packages at each start) is refused here.

import { basename, isAbsolute } from "node:path";
import type { McpCage, McpServed, McpServer } from "../domain/mcp.ts";
import { nearest } from "../domain/nearest.ts";
import { type Env, readVariable } from "./env.ts";
import { type KeyPath, type Problem, suggest } from "./problem.ts";
import { checkUrl } from "./providers.ts";
import type { Settings } from "./schema.ts";
import { secretPartsOf } from "./secret-parts.ts";

export interface McpConfig {
  readonly servers: readonly McpServer[];
  /** PATH of the daemon: where programs are looked for, and what they are handed. */
  readonly searchPath: string;
  readonly idleMs: number;
  readonly serve: McpServed;
}

type ServerSettings = NonNullable<Settings["mcp"]["servers"]>[number];

export function toMcp({ mcp }: Settings, env: Env): McpConfig {
  return {
    searchPath: readVariable(env, "PATH") ?? "/usr/local/bin:/usr/bin:/bin",
    servers: (mcp.servers ?? []).map(toServer),
    idleMs: Math.round(mcp.idle_seconds * 1000),
    serve: { agents: mcp.serve.agents ?? null, tools: mcp.serve.tools ?? [] },
  };
}

function toServer(given: ServerSettings): McpServer {
  return {
    name: given.name,
    transport: given.transport ?? (given.command === undefined ? "http" : "stdio"),
    argv: given.command === undefined ? [] : [given.command, ...(given.args ?? [])],
    env: given.env,
    cwd: given.cwd ?? null,
    cage: cageOf(given),
    url: given.url ?? "",
    headers: given.headers,
    timeoutMs: Math.round(given.timeout_seconds * 1000),
    enabled: given.enabled,
    shared: given.shared,
  };
}

function cageOf({ sandbox }: ServerSettings): McpCage | null {
  const { enabled, read = [], write = [], network } = sandbox;
  return enabled ? { read, write, network } : null;
}

/** Values that must not show up in logs and results: headers, variables whose names say so, and parts of addresses. */
export function secretsOf({ servers }: McpConfig): string[] {
  return servers.flatMap(({ env, headers, url }) => [
    ...[url, ...Object.values(env)].flatMap(secretPartsOf),
    ...Object.entries(env).flatMap(([name, value]) =>
      /KEY|TOKEN|SECRET|PASS|PWD|AUTH|CREDENTIAL|COOKIE/i.test(name) ? [value] : [],
    ),
    ...Object.values(headers).flatMap((value) => [value, value.replace(/^(Bearer|Basic) /i, "")]),
  ]);
}

/** Variables by which whoever sets them decides what code a program runs. */
const DENIED_ENV =
  /^(PATH|IFS|ENV|BASH_ENV|SHELLOPTS|BASHOPTS|PS4|PROMPT_COMMAND|NODE_.*|LD_.*|DYLD_.*|PYTHON(PATH|HOME|STARTUP|INSPECT|BREAKPOINT|USERBASE|WARNINGS)|PERL5?(LIB|OPT|DB)|PERL5.*|RUBY(OPT|LIB)|GEM_(PATH|HOME)|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH|DOTNET_STARTUP_HOOKS|GCONV_PATH|GLIBC_TUNABLES|LOCPATH|HOSTALIASES|GIT_(SSH|SSH_COMMAND|EXTERNAL_DIFF|EXEC_PATH|ASKPASS|CONFIG.*)|NPM_CONFIG_.*|DENO_.*|BUN_.*|LUA_(PATH|CPATH|INIT).*|PHP_INI_SCAN_DIR|PHPRC|GOCLAW_.*)$/i;

/** Programs that fetch other programs when they start: what runs could not be pinned. */
const RUNNERS = ["npx", "pnpx", "bunx", "uvx", "pipx", "dlx"];

/** What the schema cannot say about MCP servers, the agents' choice of them, and what is served. */
export function checkMcp(
  settings: Settings,
  agentIds: readonly string[],
  toolNames: readonly string[] | undefined,
): Problem[] {
  const servers = settings.mcp.servers ?? [];
  const names = servers.map(({ name }) => name);
  return [
    ...servers.flatMap((server, index) => checkServer(server, ["mcp", "servers", index])),
    ...names.flatMap((name, index) =>
      names.indexOf(name) === index
        ? []
        : [problem(["mcp", "servers", index, "name"], `${name} is there twice`, "choose another name")],
    ),
    ...(settings.agents ?? []).flatMap((agent, index) =>
      checkNames(agent.mcp_servers ?? [], names, ["agents", index, "mcp_servers"], "MCP server"),
    ),
    ...checkServed(settings, agentIds, toolNames),
  ];
}

function checkServer(given: ServerSettings, path: KeyPath): Problem[] {
  const problems: Problem[] = [];
  const isRemote = given.transport === undefined ? given.command === undefined : given.transport !== "stdio";
  const [wanted, misplaced] = isRemote
    ? (["url", ["command", "args", "cwd"]] as const)
    : (["command", ["url"]] as const);
  if (given[wanted] === undefined) {
    const example = isRemote ? "url: https://host/mcp" : "command: /path/to/program";
    problems.push(problem(path, `${wanted} is missing`, `add \`${example}\``));
  }
  const kind = isRemote ? "an http or sse server" : "a stdio server";
  for (const key of misplaced) {
    if (given[key] === undefined) continue;
    problems.push(
      problem([...path, key], `${kind} has no ${key}`, "remove it, or set transport to what it is"),
    );
  }
  const other = isRemote ? "env" : "headers";
  if (Object.keys(given[other]).length > 0)
    problems.push(problem([...path, other], `${kind} has no ${other}`, "remove it"));
  if (given.url !== undefined) problems.push(...checkUrl(given.url, [...path, "url"]));
  if (given.cwd !== undefined && !isAbsolute(given.cwd))
    problems.push(problem([...path, "cwd"], "is not absolute", "write it from / on"));
  for (const key of ["read", "write"] as const) {
    for (const [index, place] of (given.sandbox[key] ?? []).entries()) {
      if (!isAbsolute(place))
        problems.push(problem([...path, "sandbox", key, index], "is not absolute", "write it from / on"));
    }
  }
  if (isRemote && given.sandbox.enabled)
    problems.push(problem([...path, "sandbox"], `${kind} cannot be put in a sandbox`, "remove it"));
  return [...problems, ...checkEnv(given, path), ...checkRunner(given, path)];
}

function checkEnv({ env }: ServerSettings, path: KeyPath): Problem[] {
  return Object.keys(env)
    .filter((name) => DENIED_ENV.test(name))
    .map((name) => ({
      ...problem(
        [...path, "env", name],
        `${name} decides what code the program runs`,
        "remove it; name the program by its absolute path",
      ),
      at: "key",
      code: "ENV_DENIED",
    }));
}

function checkRunner({ command = "", args = [] }: ServerSettings, path: KeyPath): Problem[] {
  const program = basename(command).replace(/\.(cmd|exe)$/i, "");
  const fetches =
    RUNNERS.includes(program) ||
    (["npm", "pnpm", "yarn", "bun", "uv"].includes(program) &&
      ["exec", "x", "dlx", "tool"].includes(args[0] ?? ""));
  if (!fetches) return [];
  const what = `${program} fetches a package at each start, which cannot be pinned`;
  const fix = "install the package at an exact version and name its program, or node and its script";
  return [problem([...path, "command"], what, fix)];
}

function checkServed(
  { mcp }: Settings,
  agentIds: readonly string[],
  toolNames: readonly string[] | undefined,
): Problem[] {
  const { serve } = mcp;
  const path = ["mcp", "serve"];
  const plain = (serve.tools ?? []).filter((name) => !isMcpToolName(name, mcp.servers ?? []));
  return [
    ...checkNames(serve.agents ?? [], agentIds, [...path, "agents"], "agent"),
    ...(toolNames === undefined ? [] : checkNames(plain, toolNames, [...path, "tools"], "tool")),
  ];
}

function checkNames(
  given: readonly string[],
  known: readonly string[],
  path: KeyPath,
  kind: string,
): Problem[] {
  return given.flatMap((name, index) => {
    if (known.includes(name)) return [];
    const near = nearest(name, known);
    const what = `no ${kind} is called ${JSON.stringify(name)} ${suggest(name, known)}`;
    return [problem([...path, index], what, near === undefined ? "remove it" : `write ${near}`)];
  });
}

function problem(path: KeyPath, what: string, fix: string): Problem {
  return { path, what, fix };
}

/** Whether an agent's `tools[]` may hold this name: a tool of a server that config.yaml declares, or all of them. */
export function isMcpToolName(name: string, servers: readonly { readonly name: string }[]): boolean {
  const server = /^mcp__([a-z0-9-]+)__./.exec(name)?.[1];
  return server !== undefined && servers.some((known) => known.name === server);
}
