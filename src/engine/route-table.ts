// What the surfaces may ask of routing: which names it takes, which headers it wants, and where a prompt would go.

import { isRouted } from "../brain/route.ts";
import type { Passage } from "../domain/passage.ts";
import {
  AUTO,
  type RouteCondition,
  type RouteLink,
  type RoutePlan,
  TIERS,
  tierName,
} from "../domain/route.ts";
import type { Lack } from "../providers/provider.ts";
import type { ModelRow } from "./model-list.ts";
import { lackOfPassage } from "./passage-way.ts";
import { type ExplainInput, type Explanation, explainRoute } from "./route-explain.ts";
import type { OfferingHands, Routing } from "./route-task.ts";

export interface RouteTable {
  /** `auto` and the tiers, as models are named; empty without tiers. */
  readonly names: readonly string[];
  /** Lower-case names of the headers that rules look at. */
  readonly headerNames: readonly string[];
  /** Whether a model's name is chosen by routing: `auto`, a tier, or a name that a rule takes. */
  takes(model: string): boolean;
  /** The provider and the model that a client names, as `<provider>/<model>` or by a configured name alone. */
  named(model: string): RouteLink | undefined;
  /** What of a request none of the models that may answer it can honour; where routing chooses, that is not known yet. */
  lackOf(passage: Passage): Lack | undefined;
  explain(input: ExplainInput): Promise<Explanation>;
}

export function createRouteTable(
  routing: Routing,
  hands: OfferingHands,
  modelRows: () => readonly ModelRow[],
): RouteTable {
  const { plan } = routing;
  return {
    names: plan === null ? [] : [AUTO, ...TIERS.filter((tier) => plan.tiers[tier]).map(tierName)],
    headerNames: plan === null ? [] : [...new Set(headersOf(plan))],
    takes: (model) => plan !== null && isRouted(plan, model),
    named: (model) => namedLink(routing, modelRows, model),
    lackOf: (passage) => lackOfPassage(routing, passage),
    explain: (input) => explainRoute(routing, hands, input),
  };
}

function namedLink(
  { openChain }: Routing,
  modelRows: () => readonly ModelRow[],
  name: string,
): RouteLink | undefined {
  const slash = name.indexOf("/");
  const link = { provider: name.slice(0, Math.max(0, slash)), model: name.slice(slash + 1) };
  if (slash > 0 && link.model !== "" && openChain([link]) !== undefined) return link;
  const rows = modelRows().filter(({ model }) => model === name);
  const usable = rows.filter(({ missingReason }) => missingReason === null);
  // Several may have a model of this name: the one that agents use comes first, then the order of the configuration.
  const row = usable.find(({ isDefault }) => isDefault) ?? usable[0] ?? rows[0];
  return row && { provider: row.provider, model: row.model };
}

function headersOf({ rules }: RoutePlan): string[] {
  const named = ({ headers = {}, any = [] }: RouteCondition): string[] => [
    ...Object.keys(headers),
    ...any.flatMap(named),
  ];
  return rules.flatMap(({ when }) => named(when));
}
