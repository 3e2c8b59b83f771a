// Whether a rule's selector meets what a call touches, and whether the lists of the policy (paths, domains, MCP) open it.
// Pure: paths and hosts are compared as text here, and held by the path guard and the egress guard while acting.

import type { PathMode, Touch } from "../domain/act.ts";
import type { Code } from "../domain/error.ts";
import { matchDomain } from "./domain-rules.ts";
import { judgePath } from "./path-rules.ts";
import type { McpRule, Policy, Rule } from "./policy.ts";
import { beyondStar } from "./programs.ts";
import { judgePlace, judgeUrl } from "./url-rules.ts";

/** Where relative paths of a call stand. */
export interface Place {
  readonly home: string;
  readonly workspace: string;
}

/** What one touch is to a policy. */
export interface Judged {
  /** No rule can allow it. */
  readonly refusal: { readonly code: Code; readonly rule: string; readonly why: string } | null;
  /** Undefined when the rule has no selector. */
  readonly selects: (rule: Rule) => boolean | undefined;
  /** Why a rule that selects it and allows it does not suffice: a person is asked. */
  readonly falters: (rule: Rule) => string | null;
  /** True when the policy's lists open it, or when there is no list for it. */
  readonly isListed: boolean;
  /** True for what has a list: paths and URLs. */
  readonly hasList: boolean;
  /** Which line of the lists does; empty when there is none. */
  readonly listName: string;
  /** What mcp.default or mcp.rules say by themselves. */
  readonly fallback: "ask" | "allow" | null;
  /** Why not, when it is not listed. */
  readonly code: Code;
  readonly why: string;
  readonly root: PathMode | null;
  /** Why a person is asked although it is allowed. */
  readonly ask: string | null;
  readonly host: string | null;
}

const PLAIN: Judged = {
  refusal: null,
  selects: (rule) => (hasSelector(rule) ? false : undefined),
  falters: () => null,
  isListed: true,
  hasList: false,
  listName: "",
  fallback: null,
  code: "CAP_DENIED",
  why: "",
  root: null,
  ask: null,
  host: null,
};

export function judgeTouch(
  policy: Policy,
  place: Place,
  { agentId }: { readonly agentId: string | null },
  touch: Touch,
): Judged {
  const path = touch.path === undefined ? undefined : judgePathTouch(policy, place, touch.path);
  if (touch.command !== undefined) return judgeCommand(touch.command, path);
  if (path !== undefined) return path;
  if (touch.url !== undefined) return judgeUrlTouch(policy, touch.url);
  if (touch.mcp !== undefined) return judgeMcp(policy, agentId, touch.mcp);
  return PLAIN;
}

export function hasSelector({ path, domain, command, mcp }: Rule): boolean {
  return path !== null || domain !== null || command !== null || mcp !== null;
}

function judgePathTouch(
  policy: Policy,
  { workspace }: Place,
  { path, mode }: { readonly path: string; readonly mode: PathMode },
): Judged {
  const judged = judgePath([{ path: workspace, mode: "rw" }, EVERYTHING], path, mode);
  if (!judged.ok)
    return { ...PLAIN, refusal: { code: judged.code, rule: "built in: paths", why: judged.why } };
  const full = judged.real;
  const root = policy.allowPaths.find(
    (each) => isBelow(each.path, full) && (mode === "ro" || each.mode === "rw"),
  );
  const readOnly = policy.allowPaths.find((each) => isBelow(each.path, full));
  const why =
    readOnly === undefined
      ? `policy.yaml opens no path above ${JSON.stringify(path)}; add it to allow_paths to permit it`
      : `${readOnly.path} is read-only; write {path: ${readOnly.path}, mode: rw} in allow_paths to permit writing`;
  return {
    ...PLAIN,
    selects: (rule) => (hasSelector(rule) ? rule.path !== null && isBelow(rule.path, full) : undefined),
    isListed: root !== undefined,
    hasList: true,
    listName: root === undefined ? "" : `allow_paths: ${root.path} (${root.mode})`,
    code: "PATH_OUTSIDE",
    why,
    root: mode,
    ask: judged.ask,
  };
}

/** What is protected is so whatever is open: it is judged as if everything were. */
const EVERYTHING = { path: "/", mode: "rw" } as const;

export function isBelow(root: string, path: string): boolean {
  return path === root || path.startsWith(root === "/" ? "/" : `${root}/`);
}

function judgeUrlTouch(policy: Policy, url: string): Judged {
  const { allowLoopback, allowDomains } = policy;
  const place = judgePlace(url, allowLoopback);
  if (!place.ok) return { ...PLAIN, refusal: { code: place.code, rule: "built in: URLs", why: place.why } };
  const { host } = place;
  const listed = judgeUrl(url, { domains: allowDomains, allowLoopback });
  const domain = allowDomains.find((each) => matchDomain(host, [each]) !== undefined);
  return {
    ...PLAIN,
    selects: (rule) =>
      hasSelector(rule) ? rule.domain !== null && selectsHost(rule, url, host, allowLoopback) : undefined,
    isListed: listed.ok,
    hasList: true,
    listName: listed.ok ? `allow_domains: ${domain}` : "",
    code: listed.ok ? "URL_DOMAIN" : listed.code,
    why: listed.ok ? "" : listed.why,
    host,
  };
}

/** A denial covers every port of a host; a yes the usual ones, or the one that it writes out. */
function selectsHost({ effect, domain }: Rule, url: string, host: string, allowLoopback: boolean): boolean {
  const domains = [domain ?? ""];
  return effect === "deny"
    ? matchDomain(host, domains) !== undefined
    : judgeUrl(url, { domains, allowLoopback }).ok;
}

/** A rule for the command lets it run only where the lists let it; a rule for the directory says nothing of the command. */
function judgeCommand(argv: readonly string[], directory = PLAIN): Judged {
  return {
    ...directory,
    selects: (rule) => {
      // A yes about a directory, perhaps meant for files, is none about the commands in it.
      if (rule.command === null)
        return rule.effect === "allow" && hasSelector(rule) ? false : directory.selects(rule);
      const words = rule.effect === "allow" ? argv : namedLike(rule.command, argv);
      return coversArgv(rule.command, words) && (rule.effect === "deny" || directory.isListed);
    },
    hasList: false,
    falters: ({ command }) => (command?.at(-1) === "*" ? beyondStar(command.slice(0, -1), argv) : null),
  };
}

/** `/bin/rm` is what a rule against `rm` is about; an allow is for the word that it has. */
function namedLike([pattern = ""]: readonly string[], argv: readonly string[]): readonly string[] {
  const [program = "", ...rest] = argv;
  return baseOf(program) === baseOf(pattern) ? [pattern, ...rest] : argv;
}

function baseOf(word: string): string {
  return word.slice(word.lastIndexOf("/") + 1);
}

/** Word by word, byte by byte; a last `*` covers any further words. */
function coversArgv(pattern: readonly string[], argv: readonly string[]): boolean {
  const isOpen = pattern.at(-1) === "*";
  const words = isOpen ? pattern.slice(0, -1) : pattern;
  if (isOpen ? argv.length < words.length : argv.length !== words.length) return false;
  return words.every((word, index) => word === argv[index]);
}

function judgeMcp(
  { mcp }: Policy,
  agentId: string | null,
  { server, tool }: { readonly server: string; readonly tool: string },
): Judged {
  const rule = bestMcpRule(mcp.rules, agentId, server);
  const name = rule === undefined ? `mcp.default: ${mcp.default}` : `mcp.rules: ${rule.agent} ${rule.server}`;
  const opens =
    rule === undefined
      ? mcp.default
      : rule.tools.includes(tool) || rule.tools.includes("*")
        ? "allow"
        : "deny";
  const why = `${name} does not open ${server}/${tool}`;
  return {
    ...PLAIN,
    refusal: rule !== undefined && opens === "deny" ? { code: "CAP_DENIED", rule: name, why } : null,
    selects: (each) =>
      hasSelector(each)
        ? each.mcp !== null &&
          (each.mcp === "*" || each.mcp === `${server}/*` || each.mcp === `${server}/${tool}`)
        : undefined,
    listName: opens === "deny" ? "" : name,
    fallback: opens === "deny" ? null : opens,
    why,
  };
}

/** The most exact rule wins: an agent's name counts 4 and `*` 1, a server's name 2; the first on a tie. */
function bestMcpRule(rules: readonly McpRule[], agentId: string | null, server: string): McpRule | undefined {
  let best: McpRule | undefined;
  let bestScore = 0;
  for (const rule of rules) {
    const agent = rule.agent === "*" ? 1 : rule.agent === agentId ? 4 : 0;
    if (agent === 0 || (rule.server !== "*" && rule.server !== server)) continue;
    const score = agent + (rule.server === server ? 2 : 0);
    if (score > bestScore) [best, bestScore] = [rule, score];
  }
  return best;
}
