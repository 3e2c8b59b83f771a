// The capability grammar: dotted lower-case words; `*` only as a whole last segment. Matching never normalises,
// so a capability that is spelled differently is a different, unknown capability.

/** Capabilities that are not a tool's. Every tool adds `tools.<name>`. */
export const BASE_CAPABILITIES = ["acp.read", "acp.mutate"] as const;

/** True when `pattern` (exact, or ending in `.*`, or `*`) covers `capability`. */
export function covers(pattern: string, capability: string): boolean {
  if (pattern === capability || pattern === "*") return true;
  return pattern.endsWith(".*") && capability.startsWith(pattern.slice(0, -1));
}

/** `mcp.*`, `mcp.<server>.*`, `mcp.<server>.<tool>`: which tools a server has is known only once it was asked. */
const MCP_PATTERN = /^mcp\.(\*|[a-z0-9-]{1,32}\.(\*|[A-Za-z0-9_./-]{1,128}))$/;

/** True when a policy may name `pattern`, given every capability that exists. */
export function isKnownPattern(pattern: string, known: readonly string[]): boolean {
  if (MCP_PATTERN.test(pattern)) return true;
  if (pattern === "*" || known.includes(pattern)) return true;
  return pattern.endsWith(".*") && known.some((capability) => capability.startsWith(pattern.slice(0, -1)));
}
