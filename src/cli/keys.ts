// Refuses a `goclaw run` that no model could answer before anything is started: says which keys were looked for, and
// what can be done without one.

import { findProvider } from "../config/config.ts";
import { loadConfig, lookedForKeys } from "../config/load.ts";
import { chainOfWish, isWish, nominalOf } from "../config/model-ref.ts";
import type { Paths } from "../config/paths.ts";
import { GoclawError } from "../domain/error.ts";
import type { Context } from "./context.ts";

/** Throws PROVIDER_NOT_CONFIGURED when the agent's provider cannot be used; an unknown agent is left to the daemon. */
export function requireModel(
  { env }: Context,
  paths: Paths,
  agentId: string,
  model: string | undefined,
): void {
  const config = loadConfig({ paths, env });
  const agent = config.agents.find((candidate) => candidate.id === agentId);
  const chain = isWish(model) ? chainOfWish(config.llm.routes, model) : undefined;
  const asked = chain === undefined ? agent : nominalOf(chain, config.providers);
  const provider = asked && findProvider(config, asked.provider);
  if (provider?.missingReason === undefined) return;
  const places = provider.id === config.llm.provider ? lookedForKeys(config) : provider.keyPlaces;
  const looked =
    places.length === 0 ? provider.missingReason : `no key was found: looked for ${places.join(", ")}`;
  throw new GoclawError(
    "PROVIDER_NOT_CONFIGURED",
    [
      `no model can answer: ${looked}.`,
      `Set one of them in the environment or in ${paths.dotEnv}, or name a server of your own under providers in ${paths.config}.`,
      "`goclaw demo` shows the whole pipeline without a key.",
    ].join("\n"),
  );
}
