// What a tool call touches, in the words the policy judges it by. Plain data: deciding is policy/decide.ts, acting is
// the tool.

/** One thing a call touches; a call that touches several has several. */
export interface Touch {
  /** As the model wrote it: absolute, or relative to the workspace. */
  readonly path?: { readonly path: string; readonly mode: PathMode };
  readonly url?: string;
  /** Program and arguments, run in `path`; for a shell line ["sh", "-c", line]. */
  readonly command?: readonly string[];
  readonly mcp?: { readonly server: string; readonly tool: string };
}

export type PathMode = "ro" | "rw";

/** A directory or file tools may reach. Absolute; the workspace is the first and always `rw`. */
export interface FileRoot {
  readonly path: string;
  readonly mode: PathMode;
  /** True for a workspace that the policy does not open: relative paths stand below it all the same. */
  readonly closed?: boolean;
  /** True for a closed path in or around the open ones: a rule speaks against it and all below, by whatever name. */
  readonly barred?: boolean;
}

/** The ones that are open. */
export function openRoots(roots: readonly FileRoot[]): FileRoot[] {
  return roots.filter(({ closed }) => closed !== true);
}

/** Those that a rule speaks against. */
export function barredPaths(roots: readonly FileRoot[]): string[] {
  return roots.filter(({ barred }) => barred === true).map(({ path }) => path);
}

/**
 * What a result brings into a session: text that somebody else may have written, text that came from the network or an
 * MCP server, data that is nobody else's business.
 */
export const LABELS = ["untrusted", "outside", "private"] as const;
export type Label = (typeof LABELS)[number];

/** What a session holds already. */
export interface Taint {
  readonly labels: readonly Label[];
  /** Hosts and MCP tools that text from outside came from. */
  readonly sources: readonly string[];
}

/** What the policy in force opens to every tool; a tool's own guard (paths, egress) keeps within it while it acts. */
export interface Grant {
  readonly roots: readonly FileRoot[];
  /** Host names, or `*.name` for those below it. */
  readonly domains: readonly string[];
  /** Those that a rule speaks against, whatever `domains` opens. */
  readonly barredDomains: readonly string[];
  readonly allowLoopback: boolean;
  readonly allowUnsandboxedExec: boolean;
}
