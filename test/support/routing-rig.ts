// Three scripted providers for tests of routing: one a tier, so that who was asked says where a task went.

import type { Client } from "./http.ts";
import { createRig, type Rig } from "./rig.ts";
import { type StubModel, startStubModel } from "./stub-model.ts";
import { ended, readEvents, submit } from "./tasks.ts";

export interface RoutingRig extends Rig {
  readonly light: StubModel;
  readonly heavy: StubModel;
  /** How many calls light, medium (the rig's own stub) and heavy had. */
  counts(): readonly [number, number, number];
}

const AGENTS = [
  { agent_id: "any", model: "auto" },
  { agent_id: "thinker", model: "tier:heavy" },
  { agent_id: "bare", model: "auto", tools: [] },
];

/** Tiers: light is light/l, medium is stub/m, heavy is heavy/h and then stub/m. `llm` is merged over that. */
export async function createRoutingRig(
  llm: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
  allow?: readonly string[],
): Promise<RoutingRig> {
  const [light, heavy] = await Promise.all([startStubModel(), startStubModel()]);
  const provider = ({ baseUrl }: StubModel) => ({
    type: "openai_compatible",
    base_url: baseUrl,
    api_key: "sk",
  });
  const tiers = { light: ["light/l"], medium: ["stub/m"], heavy: ["heavy/h", "stub/m"] };
  const rig = await createRig({
    ...(allow === undefined ? {} : { allow }),
    config: {
      providers: { light: provider(light), heavy: provider(heavy) },
      llm: { tiers, ...llm },
      agents: AGENTS,
      ...more,
    },
  });
  return {
    ...rig,
    ...{ light, heavy },
    counts: () => [light.calls.length, rig.stub.calls.length, heavy.calls.length],
    close: async () => {
      light.openAll();
      heavy.openAll();
      await rig.close();
      await Promise.all([light.close(), heavy.close()]);
    },
  };
}

/** The payload of `route.decided`. */
export interface Decided {
  readonly layer: string;
  readonly rule: string;
  readonly tier: string | null;
  readonly provider: string;
  readonly model: string;
  readonly steps: readonly { readonly verdict: string; readonly reason: string }[];
}

export async function decisions(client: Client, id: string): Promise<Decided[]> {
  const events = await readEvents(client, id);
  return events.filter(({ type }) => type === "route.decided").map(({ payload }) => payload as never);
}

/** Runs a task to its success and returns the one decision about it. */
export async function decided(client: Client, prompt: string, more: object = {}): Promise<Decided> {
  const id = await submit(client, prompt, more);
  const { state } = await ended(client, id);
  const all = await decisions(client, id);
  if (state !== "SUCCEEDED" || all.length !== 1 || all[0] === undefined)
    throw new Error(`task ${id} is ${state} after ${all.length} decisions`);
  return all[0];
}

/** The body of a chat completion with one user message. */
export const chat = (model: string, content: string, more: object = {}) => ({
  ...{ model, messages: [{ role: "user", content }] },
  ...more,
});

/** Provider, model, layer and rule as the headers of a response tell them. */
export const told = (headers: Readonly<Record<string, unknown>>) =>
  ["provider", "model", "layer", "rule"].map((name) => headers[`x-goclaw-${name}`]);
