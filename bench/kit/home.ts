// Homes whose `default` agent has a model that answers at once, or one that is told where.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeDirectory } from "./place.ts";

export interface HomeOptions {
  readonly lanes: number;
  /** An OpenAI-compatible model at this address; without one the replay provider plays `answer`. */
  readonly modelUrl?: string;
  readonly answer?: string;
  /** Further keys of config.yaml. */
  readonly more?: Readonly<Record<string, unknown>>;
}

const CASSETTE = "bench";

/** Makes a home whose `default` agent answers at once. */
export function makeHome({ lanes, modelUrl, answer = "ok", more = {} }: HomeOptions): string {
  const home = makeDirectory("home");
  const stub = { type: "openai_compatible", base_url: modelUrl, api_key: "sk-bench", models: ["stub"] };
  const model =
    modelUrl === undefined
      ? { llm: { provider: "replay", model: CASSETTE } }
      : { llm: { provider: "stub", model: "stub" }, providers: { stub } };
  const limits = { worker_count: lanes, max_queue_depth: 0, drain_timeout_seconds: 0 };
  // JSON is YAML.
  writeFileSync(join(home, "config.yaml"), JSON.stringify({ ...limits, agents: [], ...model, ...more }), {
    mode: 0o600,
  });
  writeFileSync(
    join(home, "policy.yaml"),
    JSON.stringify({ allow_capabilities: ["acp.read", "acp.mutate"] }),
    {
      mode: 0o600,
    },
  );
  mkdirSync(join(home, "cassettes"));
  const cassette = {
    cassette: 1,
    entries: [{ turn: 0, text: answer, usage: { input_tokens: 50, output_tokens: 16 } }],
  };
  writeFileSync(join(home, "cassettes", `${CASSETTE}.json`), JSON.stringify(cassette));
  return home;
}
