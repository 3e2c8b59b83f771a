// Makes the agents from the configuration: `default` always, then those of `agents:` or the starters. An agent that
// names its own provider takes that provider's model, never another's.

import type { Agent } from "../domain/agent.ts";
import { toBudget } from "../domain/budget.ts";
import { nearest } from "../domain/nearest.ts";
import { OUTPUT_RETRIES } from "../domain/output.ts";
import { resolveOutput } from "./agent-output.ts";
import type { Config } from "./config.ts";
import { isMcpToolName } from "./mcp.ts";
import { chainOfWish, checkWish, defaultModel, isWish, nominalOf } from "./model-ref.ts";
import type { Paths } from "./paths.ts";
import { type KeyPath, type Problem, suggest } from "./problem.ts";
import type { ProviderConfig } from "./providers.ts";
import type { Settings } from "./schema.ts";
import { readMarkdown, readSoulFile } from "./soul-files.ts";
import { DEFAULT_SOUL, STARTERS } from "./souls.ts";

type AgentSettings = NonNullable<Settings["agents"]>[number];

export interface AgentInput {
  readonly settings: Settings;
  readonly paths: Paths;
  readonly providers: readonly ProviderConfig[];
  readonly llm: Pick<Config["llm"], "provider" | "model" | "routed" | "routes">;
  /** Names of all tools, where the caller knows them; then an unknown one is a problem. */
  readonly toolNames?: readonly string[];
}

const MAX_TURNS = 24;
const PLAIN = {
  max_turns: MAX_TURNS,
  structured_output: { max_retries: OUTPUT_RETRIES },
  budgets: { on_limit: "suspend" },
} as const;
const DEFAULT_AGENT: AgentSettings = { agent_id: "default", display_name: "GoClaw", ...PLAIN };

export function resolveAgents(input: AgentInput): { readonly agents: Agent[]; readonly problems: Problem[] } {
  const problems: Problem[] = [];
  const houseRules = readMarkdown(input.paths.agentsMd, problems);
  const given: readonly AgentSettings[] =
    input.settings.agents ?? STARTERS.map((starter) => ({ agent_id: starter.id, ...PLAIN }));
  const agents = given.map((agent, index) => {
    const path = ["agents", index];
    problems.push(...checkAgent(agent, path, input));
    const made = makeAgent(agent, input, soulOf(agent, path, input.paths, problems), houseRules);
    const wanted = [...path, "structured_output"];
    return { ...made, ...resolveOutput(agent.structured_output, wanted, input.paths.home, problems) };
  });
  problems.push(...checkUnique(given));
  const own = agents.filter((agent) => agent.id === "default");
  if (own.length === 0) {
    own.push(makeAgent(DEFAULT_AGENT, input, soulOf(DEFAULT_AGENT, [], input.paths, problems), houseRules));
  }
  return { agents: [...own, ...agents.filter((agent) => agent.id !== "default")], problems };
}

function makeAgent(
  agent: AgentSettings,
  input: AgentInput,
  soul: string,
  houseRules: string | undefined,
): Agent {
  const { settings } = input;
  const starter = STARTERS.find((known) => known.id === agent.agent_id);
  return {
    id: agent.agent_id,
    displayName: agent.display_name ?? starter?.displayName ?? agent.agent_id,
    ...linkOf(agent, input),
    soul: houseRules === undefined ? soul : `${soul}\n\n${houseRules}`,
    tools: agent.tools ?? null,
    mcpServers: agent.mcp_servers ?? null,
    workerCount: agent.worker_count ?? null,
    maxQueueDepth: agent.max_queue_depth ?? settings.max_queue_depth,
    taskTimeoutMs: Math.round((agent.task_timeout_seconds ?? settings.task_timeout_seconds) * 1000),
    maxTurns: agent.max_turns,
    contextLimit: agent.context_limit ?? null,
    budget: toBudget(agent.budgets),
  };
}

/** Who answers for the agent. Of a model that is chosen at run time, the one that stands for it. */
function linkOf(agent: AgentSettings, input: AgentInput): Pick<Agent, "provider" | "model" | "routed"> {
  const { llm, providers } = input;
  const isOwn = agent.provider !== undefined || agent.model !== undefined;
  const wish = isOwn ? agent.model : llm.routed;
  const chain = isWish(wish) ? chainOfWish(llm.routes, wish) : undefined;
  if (isWish(wish) && chain !== undefined) return { ...nominalOf(chain, providers), routed: wish };
  return { provider: agent.provider ?? llm.provider, model: modelOf(agent, input) };
}

function modelOf(agent: AgentSettings, { llm, providers }: AgentInput): string {
  if (agent.model !== undefined) return agent.model;
  const provider = agent.provider ?? llm.provider;
  return provider === llm.provider ? llm.model : defaultModel(providers, provider);
}

function soulOf(agent: AgentSettings, path: KeyPath, paths: Paths, problems: Problem[]): string {
  const builtIn = STARTERS.find((known) => known.id === agent.agent_id)?.soul ?? DEFAULT_SOUL;
  if (agent.soul !== undefined) return agent.soul;
  if (agent.soul_file !== undefined) {
    return readSoulFile(agent.soul_file, [...path, "soul_file"], paths.home, problems) ?? builtIn;
  }
  return (agent.agent_id === "default" ? readMarkdown(paths.soul, problems) : undefined) ?? builtIn;
}

/** What the schema cannot say about one agent. */
function checkAgent(agent: AgentSettings, path: KeyPath, input: AgentInput): Problem[] {
  const problems: Problem[] = [];
  const ids = input.providers.map((known) => known.id);
  const { provider, tools = [] } = agent;
  if (provider !== undefined && !ids.includes(provider)) {
    const what = `no provider is called ${JSON.stringify(provider)} ${suggest(provider, ids)}`;
    problems.push({ path: [...path, "provider"], what, fix: "name one of them or add it under providers" });
  } else if (provider !== undefined && modelOf(agent, input) === "") {
    const fix = `add \`model:\` to the agent or list models under providers.${provider}.models`;
    problems.push({ path: [...path, "provider"], what: "no model is named for this provider", fix });
  }
  if (isWish(agent.model)) {
    problems.push(...checkWish(input.llm.routes, agent.model, [...path, "model"]));
    const what = `a provider is named beside model: ${agent.model}, which chooses one`;
    if (provider !== undefined) problems.push({ path: [...path, "provider"], what, fix: "remove it" });
  }
  if (agent.soul !== undefined && agent.soul_file !== undefined) {
    problems.push({
      path: [...path, "soul_file"],
      what: "soul and soul_file are both set",
      fix: "keep one of them",
    });
  }
  for (const [position, tool] of tools.entries()) {
    if (input.toolNames === undefined || input.toolNames.includes(tool)) continue;
    if (isMcpToolName(tool, input.settings.mcp.servers ?? [])) continue;
    const what = `no tool is called ${JSON.stringify(tool)} ${suggest(tool, input.toolNames)}`;
    const near = nearest(tool, input.toolNames);
    problems.push({ path: [...path, "tools", position], what, fix: near ? `write ${near}` : "remove it" });
  }
  return problems;
}

function checkUnique(agents: readonly AgentSettings[]): Problem[] {
  const seen = new Set<string>();
  return agents.flatMap((agent, index) => {
    const id = agent.agent_id.toLowerCase();
    if (!seen.has(id)) {
      seen.add(id);
      return [];
    }
    const what = `another agent is already called ${agent.agent_id} (ids must differ in more than case)`;
    return [{ path: ["agents", index, "agent_id"], what, fix: "choose another id or remove one of the two" }];
  });
}
