// `goclaw route explain`: which chain a prompt would go to, what was looked at on the way, and what stands in the way of
// each link. No model is called.

import { EXIT } from "../domain/error.ts";
import type { WireRoute } from "../rpc/methods/route.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { openHome } from "./home.ts";
import { withLink } from "./link.ts";
import { paintFor } from "./paint.ts";
import { readPrompt } from "./prompt.ts";
import { safeLine } from "./safe-text.ts";
import { type Cell, writePairs, writeTable } from "./table.ts";

interface ExplainOptions extends GlobalOptions {
  readonly agent?: string;
  readonly model?: string;
  readonly tools?: boolean;
  readonly header?: Readonly<Record<string, string>>;
  readonly json?: boolean;
}

export async function routeExplain(
  context: Context,
  args: readonly string[],
  options: ExplainOptions,
): Promise<number> {
  const { agent, model, tools, header } = options;
  const body = {
    prompt: await readPrompt(context, args[0] ?? ""),
    ...(agent !== undefined && { agent }),
    ...(model !== undefined && { model }),
    ...(tools !== undefined && { has_tools: tools }),
    ...(header !== undefined && { headers: header }),
  };
  const { route } = await withLink(context, openHome(context, options), options, {}, ({ api }) =>
    api.post<{ route: WireRoute }>("/api/v1/route/explain", body),
  );
  if (options.json === true) writeJson(context.stdout, { route });
  else show(context, route);
  return EXIT.ok;
}

function show({ stdout }: Context, route: WireRoute): void {
  const paint = paintFor(stdout);
  const { classifier, confidence } = route;
  const settled = classifier?.without_an_answer ?? route;
  const link = settled.provider === null ? "nobody" : `${settled.provider}/${settled.model}`;
  writePairs(stdout, [
    ["layer", { text: route.layer, paint: paint.bold }],
    ["rule", safeLine(route.rule)],
    ["tier", route.tier ?? "–"],
    ["model", safeLine(classifier === null ? link : `${link}, unless the classifier says otherwise`)],
    ["confidence", confidence === null ? "–" : String(confidence)],
  ]);
  if (classifier !== null) {
    const who = safeLine(`${classifier.provider}/${classifier.model}`);
    stdout.write(
      `\nA classifier would be asked: ${who}, at most ${classifier.timeout_ms} ms. It was not asked now.\n`,
    );
  }
  stdout.write("\n");
  const chain = route.chain.map((one): Cell[] => [
    { text: safeLine(`${one.provider}/${one.model}`) },
    {
      text: one.standing,
      paint: { chosen: paint.good, fallback: paint.dim, skipped: paint.bad }[one.standing],
    },
    { text: one.daily_limit === undefined ? "–" : `${one.requests_today} of ${one.daily_limit}` },
    { text: one.breaker.replace("_", " ") },
    { text: safeLine(one.reason ?? "") },
  ]);
  writeTable(stdout, ["CHAIN", "STANDING", "TODAY", "BREAKER", "WHY"], chain, ["TODAY"], { wraps: true });
  if (route.steps.length === 0) return;
  stdout.write("\n");
  const steps = route.steps.map(({ layer, rule, verdict, reason }): Cell[] => [
    { text: layer },
    { text: safeLine(rule) },
    { text: verdict.replace("_", " "), paint: verdict === "matched" ? paint.good : paint.dim },
    { text: safeLine(reason) },
  ]);
  writeTable(stdout, ["LAYER", "RULE", "VERDICT", "WHY"], steps, [], { wraps: true });
}
