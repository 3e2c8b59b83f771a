// What the surfaces may ask of routing: which names it takes, which headers it wants, and where a prompt would go.

import { isRouted } from "../brain/route.ts";
import { AUTO, type RouteCondition, type RoutePlan, TIERS, tierName } from "../domain/route.ts";
import { type ExplainInput, type Explanation, explainRoute } from "./route-explain.ts";
import type { OfferingHands, Routing } from "./route-task.ts";

export interface RouteTable {
  /** `auto` and the tiers, as models are named; empty without tiers. */
  readonly names: readonly string[];
  /** Lower-case names of the headers that rules look at. */
  readonly headerNames: readonly string[];
  /** Whether a model's name is chosen by routing: `auto`, a tier, or a name that a rule takes. */
  takes(model: string): boolean;
  explain(input: ExplainInput): Promise<Explanation>;
}

export function createRouteTable(routing: Routing, hands: OfferingHands): RouteTable {
  const { plan } = routing;
  return {
    names: plan === null ? [] : [AUTO, ...TIERS.filter((tier) => plan.tiers[tier]).map(tierName)],
    headerNames: plan === null ? [] : [...new Set(headersOf(plan))],
    takes: (model) => plan !== null && isRouted(plan, model),
    explain: (input) => explainRoute(routing, hands, input),
  };
}

function headersOf({ rules }: RoutePlan): string[] {
  const named = ({ headers = {}, any = [] }: RouteCondition): string[] => [
    ...Object.keys(headers),
    ...any.flatMap(named),
  ];
  return rules.flatMap(({ when }) => named(when));
}
