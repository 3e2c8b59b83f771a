// The capability grammar: dotted lower-case words; `*` only as a whole last segment. Matching never normalises,
// so a capability that is spelled differently is a different, unknown capability.

/** Capabilities that are not a tool's. Every tool adds `tools.<name>`, every tool of an MCP server `mcp.<server>.<tool>`. */
export const BASE_CAPABILITIES = [
  "acp.read",
  "acp.mutate",
  "admin.approve",
  "admin.keys",
  "llm.passthrough",
] as const;

/** Names of the contract that a policy may hold already, for surfaces that later versions bring. */
export const RESERVED_CAPABILITIES = ["skill.inject", "wasm.http.get", "wasm.kv.set"] as const;

/** True when `pattern` (exact, or ending in `.*`, or `*`) covers `capability`. */
export function covers(pattern: string, capability: string): boolean {
  if (pattern === capability || pattern === "*") return true;
  return pattern.endsWith(".*") && capability.startsWith(pattern.slice(0, -1));
}

/** Servers and their tools are known only while they run, so their names are checked by form alone. */
const MCP_PATTERN = /^mcp\.(\*|[a-z0-9-]{1,32}\.(\*|[A-Za-z0-9_./-]{1,128}))$/;

/** True when a policy may name `pattern`, given every capability that exists. */
export function isKnownPattern(pattern: string, known: readonly string[]): boolean {
  if (pattern === "*" || known.includes(pattern) || MCP_PATTERN.test(pattern)) return true;
  return pattern.endsWith(".*") && known.some((capability) => capability.startsWith(pattern.slice(0, -1)));
}
