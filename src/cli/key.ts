// `goclaw key add|list|update|revoke`: API keys for clients. A new key goes to standard output once and is nowhere else.

import { EXIT } from "../domain/error.ts";
import type { WireKey } from "../rpc/methods/key.ts";
import { type BudgetOptions, budgetsOf } from "./budget-options.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { defined } from "./defined.ts";
import { openHome } from "./home.ts";
import { withLink } from "./link.ts";
import { usdText } from "./money-text.ts";
import { safeLine } from "./safe-text.ts";
import { writeTable } from "./table.ts";
import { UsageError } from "./usage-error.ts";

interface KeyOptions extends GlobalOptions {
  readonly json?: boolean;
}

interface LimitOptions extends KeyOptions, BudgetOptions {
  readonly rpm?: number;
}

interface AddOptions extends LimitOptions {
  readonly agents?: readonly string[];
  readonly scopes?: readonly string[];
  readonly expires?: number | Date;
}

export async function keyAdd(
  context: Context,
  [name = ""]: readonly string[],
  options: AddOptions,
): Promise<number> {
  const { stdout, stderr } = context;
  const { agents, scopes, rpm } = options;
  if (agents === undefined)
    throw new UsageError("name the agents the key is for: --agents a,b, or '*' for all", ["key", "add"]);
  const budgets = budgetsOf(options);
  const body = defined({ name, agents, scopes, rpm, budgets, expires_at: expiryOf(context, options) });
  const added = await withLink(context, openHome(context, options), options, {}, ({ api }) =>
    api.post<{ secret: string; key: WireKey }>("/api/v1/keys", body),
  );
  if (options.json === true) writeJson(stdout, added);
  else {
    stdout.write(`${added.secret}\n`);
    stderr.write(
      `this is API key ${added.key.name}; it is not shown again. Send it as Authorization: Bearer or X-API-Key\n`,
    );
  }
  return EXIT.ok;
}

export async function keyUpdate(
  context: Context,
  [key = ""]: readonly string[],
  options: LimitOptions,
): Promise<number> {
  const body = defined({ rpm: options.rpm, budgets: budgetsOf(options) });
  const updated = await withLink(context, openHome(context, options), options, {}, ({ api }) =>
    api.post<{ key: WireKey }>(`/api/v1/keys/${encodeURIComponent(key)}`, body),
  );
  const { name, rpm, budgets } = updated.key;
  if (options.json === true) writeJson(context.stdout, updated);
  else {
    const limits = `${rpm ?? "any number of"} requests a minute; budget ${budgetText(budgets)}`;
    context.stdout.write(`API key ${safeLine(name)}: ${limits}\n`);
  }
  return EXIT.ok;
}

function expiryOf({ clock }: Context, { expires }: AddOptions): string | undefined {
  if (expires === undefined) return undefined;
  return (typeof expires === "number" ? new Date(clock.nowMs() + expires) : expires).toISOString();
}

export async function keyList(
  context: Context,
  _args: readonly string[],
  options: KeyOptions,
): Promise<number> {
  const { stdout, stderr } = context;
  const list = await withLink(context, openHome(context, options), options, {}, ({ api }) =>
    api.get<{ keys: readonly WireKey[] }>("/api/v1/keys"),
  );
  if (options.json === true) writeJson(stdout, list);
  else if (list.keys.length === 0) stderr.write("there are no API keys; goclaw key add makes one\n");
  else {
    const head = ["ID", "NAME", "STATUS", "RPM", "EXPIRES", "BUDGET", "AGENTS"];
    const rows = list.keys.map((key) => [
      ...[key.id, safeLine(key.name), key.status, String(key.rpm ?? "-"), key.expires_at ?? "-"],
      ...[budgetText(key.budgets), safeLine(key.agents.join(","))],
    ]);
    writeTable(
      stdout,
      head,
      rows.map((row) => row.map((text) => ({ text }))),
      ["EXPIRES", "RPM"],
    );
  }
  return EXIT.ok;
}

function budgetText({ on_limit: _onLimit, ...limits }: WireKey["budgets"]): string {
  const texts = Object.entries(limits).map(([name, cap]) => {
    const amount = name.endsWith("_usd") ? usdText(cap) : `${cap} tokens`;
    return `${amount} ${name.replace(/_(usd|tokens)$/, "").replace("_", " ")}`;
  });
  return texts.join(", ") || "-";
}

export async function keyRevoke(
  context: Context,
  [key = ""]: readonly string[],
  options: KeyOptions,
): Promise<number> {
  const revoked = await withLink(context, openHome(context, options), options, {}, ({ api }) =>
    api.post<{ key: WireKey }>(`/api/v1/keys/${encodeURIComponent(key)}/revoke`, {}),
  );
  if (options.json === true) writeJson(context.stdout, revoked);
  else context.stdout.write(`API key ${safeLine(revoked.key.name)} is refused from now on\n`);
  return EXIT.ok;
}
