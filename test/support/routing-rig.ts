// Three scripted providers for tests of routing: one a tier, so that who was asked says where a task went.

import { createRig, type Rig } from "./rig.ts";
import { type StubModel, startStubModel } from "./stub-model.ts";

export interface RoutingRig extends Rig {
  readonly light: StubModel;
  readonly heavy: StubModel;
  /** How many calls light, medium (the rig's own stub) and heavy had. */
  counts(): readonly [number, number, number];
}

/** Tiers: light is light/l, medium is stub/m, heavy is heavy/h and then stub/m. `llm` is merged over that. */
export async function createRoutingRig(
  llm: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
): Promise<RoutingRig> {
  const [light, heavy] = await Promise.all([startStubModel(), startStubModel()]);
  const provider = ({ baseUrl }: StubModel) => ({
    type: "openai_compatible",
    base_url: baseUrl,
    api_key: "sk",
  });
  const tiers = { light: ["light/l"], medium: ["stub/m"], heavy: ["heavy/h", "stub/m"] };
  const rig = await createRig({
    config: {
      providers: { light: provider(light), heavy: provider(heavy) },
      llm: { tiers, ...llm },
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
