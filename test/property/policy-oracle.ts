// A second, independent decider: written from CONTRACT section 4 alone, slow and plain, and sharing no code with src. It
// answers one request with the effect it must have.

export interface OracleRule {
  readonly effect: "deny" | "ask" | "allow";
  readonly agents?: readonly string[];
  readonly capability: string;
  readonly path?: string;
  readonly domain?: string;
  readonly command?: string;
  readonly mcp?: string;
}

export interface OraclePolicy {
  readonly allow_capabilities: readonly string[];
  readonly allow_domains: readonly string[];
  readonly allow_paths: readonly { readonly path: string; readonly mode: "ro" | "rw" }[];
  readonly mcp: {
    readonly default: "deny" | "ask" | "allow";
    readonly rules: readonly {
      readonly agent: string;
      readonly server: string;
      readonly tools: readonly string[];
    }[];
  };
  readonly rules: readonly OracleRule[];
}

export type OracleTouch =
  | { readonly kind: "none" }
  | { readonly kind: "path"; readonly path: string; readonly mode: "ro" | "rw" }
  | { readonly kind: "url"; readonly host: string }
  | { readonly kind: "command"; readonly words: readonly string[]; readonly place?: OraclePath }
  | { readonly kind: "mcp"; readonly server: string; readonly tool: string };

type OraclePath = Extract<OracleTouch, { kind: "path" }>;

export interface OracleRequest {
  readonly agent: string | null;
  readonly capability: string;
  readonly touches: readonly OracleTouch[];
  readonly leaks: boolean;
}

type Effect = OracleRule["effect"];

/** The strictest answer over everything that is touched; a leak turns a yes into a question. */
export function oracle(policy: OraclePolicy, request: OracleRequest, home: string): Effect {
  const touches: readonly OracleTouch[] = request.touches.length > 0 ? request.touches : [{ kind: "none" }];
  const effects = touches.map((touch) => one(policy, request, touch, home));
  if (effects.includes("deny")) return "deny";
  if (effects.includes("ask") || request.leaks) return "ask";
  return "allow";
}

function one(policy: OraclePolicy, request: OracleRequest, touch: OracleTouch, home: string): Effect {
  const at = touch.kind === "path" ? touch : touch.kind === "command" ? touch.place : undefined;
  if (at?.path.split("/").includes("..")) return "deny";
  if (at !== undefined && below(home, at.path) && !below(`${home}/workspace`, at.path)) return "deny";
  const mcp = touch.kind === "mcp" ? mcpSays(policy, request.agent, touch.server, touch.tool) : "nothing";
  if (mcp === "refused") return "deny";
  const listed = isListed(policy, touch);
  const speaking = policy.rules.filter(
    (rule) =>
      named(rule.capability, request.capability) &&
      (rule.agents === undefined || forAgent(rule, request.agent)),
  );
  const suffices = (rule: OracleRule): boolean =>
    selective(rule) ? selects(policy, rule, touch) && !needsPerson(rule, touch) : listed;
  const met = (effect: Effect): boolean =>
    speaking.some((rule) => {
      if (rule.effect !== effect) return false;
      if (!selective(rule)) return effect === "deny" || listed;
      return selects(policy, rule, touch);
    });
  if (met("deny")) return "deny";
  if (met("ask") || mcp === "ask") return "ask";
  if (mcp === "allow" || speaking.some((rule) => rule.effect === "allow" && suffices(rule))) return "allow";
  // A rule that picks something else of the same call speaks for a path or a host too, where a list opens it.
  const spokenFor =
    (touch.kind === "path" || touch.kind === "url") &&
    speaking.some(
      (rule) =>
        rule.effect !== "deny" &&
        selective(rule) &&
        request.touches.some((each) => selects(policy, rule, each)),
    );
  if (spokenFor && listed) return "allow";
  if (listed && policy.allow_capabilities.some((pattern) => named(pattern, request.capability)))
    return "allow";
  return met("allow") ? "ask" : "deny";
}

function forAgent({ agents = [] }: OracleRule, agent: string | null): boolean {
  return agent !== null && (agents.includes("*") || agents.includes(agent));
}

function selective({ path, domain, command, mcp }: OracleRule): boolean {
  return [path, domain, command, mcp].some((selector) => selector !== undefined);
}

/** The star of an allowed command says nothing about options, nor of programs that run what they are told. */
function needsPerson({ command = "" }: OracleRule, touch: OracleTouch): boolean {
  if (touch.kind !== "command" || !command.endsWith(" *")) return false;
  const written = command.split(" ").length - 1;
  const rest = touch.words.slice(written);
  const hasOption = rest.some((word) => word[0] === "-" && word.length > 1);
  switch (touch.words[0]?.split("/").at(-1)) {
    case "ls":
      return false;
    case "env":
      return rest.length > 0;
    case "git":
      return written === 1 ? rest.length > 0 : hasOption;
    default:
      return hasOption;
  }
}

function selects(policy: OraclePolicy, rule: OracleRule, touch: OracleTouch): boolean {
  switch (touch.kind) {
    case "none":
      return false;
    case "path":
      return rule.path !== undefined && below(rule.path, touch.path);
    case "url":
      return rule.domain !== undefined && hostFits(rule.domain, touch.host);
    case "command":
      if (rule.command === undefined)
        return (
          rule.effect !== "allow" &&
          touch.place !== undefined &&
          rule.path !== undefined &&
          below(rule.path, touch.place.path)
        );
      return (
        commandFits(rule, rule.command, touch.words) && (rule.effect === "deny" || isListed(policy, touch))
      );
    case "mcp":
      return [`${touch.server}/${touch.tool}`, `${touch.server}/*`, "*"].some((each) => each === rule.mcp);
  }
}

function isListed(policy: OraclePolicy, touch: OracleTouch): boolean {
  if (touch.kind === "path")
    return policy.allow_paths.some(
      ({ path, mode }) => below(path, touch.path) && !(touch.mode === "rw" && mode === "ro"),
    );
  if (touch.kind === "command" && touch.place !== undefined) return isListed(policy, touch.place);
  if (touch.kind === "url") return policy.allow_domains.some((domain) => hostFits(domain, touch.host));
  return true;
}

function mcpSays(policy: OraclePolicy, agent: string | null, server: string, tool: string) {
  const scored = policy.mcp.rules
    .map((rule, index) => ({
      rule,
      index,
      score: (rule.agent === agent ? 4 : 0) + (rule.agent === "*" ? 1 : 0) + (rule.server === server ? 2 : 0),
    }))
    .filter(
      ({ rule }) =>
        (rule.agent === "*" || rule.agent === agent) && (rule.server === "*" || rule.server === server),
    )
    .sort((a, b) => b.score - a.score || a.index - b.index);
  const best = scored[0]?.rule;
  if (best === undefined) return policy.mcp.default === "deny" ? "nothing" : policy.mcp.default;
  return best.tools.some((each) => each === "*" || each === tool) ? "allow" : "refused";
}

function named(pattern: string, capability: string): boolean {
  const stem = pattern.split(".");
  if (stem.at(-1) !== "*") return pattern === capability;
  const words = capability.split(".");
  return (
    stem.slice(0, -1).every((word, index) => words[index] === word) &&
    (stem.length === 1 || words.length >= stem.length)
  );
}

function below(root: string, path: string): boolean {
  const wanted = root.split("/").filter(Boolean);
  const steps: string[] = [];
  for (const step of path.split("/")) {
    if (step === "" || step === ".") continue;
    if (step === "..") steps.pop();
    else steps.push(step);
  }
  return wanted.every((step, index) => steps[index] === step);
}

function hostFits(pattern: string, host: string): boolean {
  if (pattern === "*") return true;
  const wanted = pattern.split(".");
  const given = host.split(".");
  if (wanted[0] !== "*") return pattern === host;
  const tail = wanted.slice(1);
  return (
    given.length > tail.length &&
    tail.every((label, index) => given[given.length - tail.length + index] === label)
  );
}

/** What a rule denies or asks for is meant by its name, wherever it lies; what it allows, by its very words. */
function commandFits({ effect }: OracleRule, command: string, words: readonly string[]): boolean {
  const pattern = command.split(" ");
  const bare = ([first = "", ...rest]: readonly string[]) => [first.split("/").at(-1) ?? "", ...rest];
  return effect === "allow" ? wordsFit(pattern, words) : wordsFit(bare(pattern), bare(words));
}

function wordsFit(pattern: readonly string[], words: readonly string[]): boolean {
  if (pattern.at(-1) !== "*")
    return pattern.length === words.length && pattern.every((word, index) => word === words[index]);
  return (
    words.length >= pattern.length - 1 && pattern.slice(0, -1).every((word, index) => word === words[index])
  );
}
