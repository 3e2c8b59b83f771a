// One small call to one model, as an operator asks for it: the configured provider itself, without queue, chain, budget
// or daemon. Nothing is stored.

import type { ModelTest, ModelTestInput } from "./cli/context.ts";
import { type Config, findProvider, type ModelRef } from "./config/config.ts";
import { loadConfig } from "./config/load.ts";
import { GoclawError } from "./domain/error.ts";
import type { TokenUsage } from "./domain/message.ts";
import { costOf } from "./domain/price.ts";
import { readAsset } from "./native.ts";
import { createCassettes } from "./providers/cassettes.ts";
import { createCatalog } from "./providers/catalog.ts";
import { openProvider } from "./providers/index.ts";
import type { Part, ProviderFailure } from "./providers/provider.ts";
import { systemClock } from "./system.ts";

const PROMPT = "Reply with the one word: ok";

export async function testModel({ paths, env, ref, signal }: ModelTestInput): Promise<ModelTest> {
  const config = loadConfig({ paths, env });
  const { provider, model } = resolve(config, ref);
  const found = findProvider(config, provider);
  if (found === undefined) throw unknownProvider(config, provider);
  const catalog = createCatalog(config.models, systemClock.nowMs);
  const loadCassette = createCassettes(paths.cassettes, readAsset);
  const opened = openProvider(found, { loadCassette, catalog });
  const messages = [{ role: "user", text: PROMPT } as const];
  const request = { model, messages, tools: [], sampling: {} };
  const heard = await listenTo(opened.stream(request, signal));
  const { end, failed, usage } = heard;
  const facts = catalog.find(provider, end?.model ?? model) ?? catalog.find(provider, model);
  return {
    id: `${provider}/${model}`,
    ok: end !== undefined,
    answeredBy: end === undefined ? null : end.model || model,
    text: heard.text,
    firstMs: heard.firstMs,
    totalMs: heard.totalMs,
    inputTokens: usage?.inputTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    costUsd: costOf(facts?.price, usage),
    errorClass: failed?.errorClass ?? null,
    message: failed?.message ?? null,
  };
}

interface Heard {
  text: string;
  usage: TokenUsage | null;
  firstMs: number | null;
  totalMs: number;
  end?: Extract<Part, { type: "end" }>;
  failed?: ProviderFailure;
}

async function listenTo(parts: AsyncIterable<Part>): Promise<Heard> {
  const startedMs = systemClock.monoMs();
  const passedMs = (): number => Math.round(systemClock.monoMs() - startedMs);
  const heard: Heard = { text: "", usage: null, firstMs: null, totalMs: 0 };
  for await (const part of parts) {
    if (part.type === "error") heard.failed = part;
    else heard.firstMs ??= passedMs();
    if (part.type === "text.delta") heard.text += part.text;
    if (part.type === "usage") heard.usage = part.usage;
    if (part.type === "end") heard.end = part;
  }
  return { ...heard, totalMs: passedMs() };
}

function resolve(config: Config, ref: string | undefined): ModelRef {
  if (ref === undefined) return config.llm;
  const cut = ref.indexOf("/");
  const provider = cut < 0 ? ref : ref.slice(0, cut);
  const model = cut < 0 ? findProvider(config, provider)?.models[0] : ref.slice(cut + 1);
  if (findProvider(config, provider) === undefined) throw unknownProvider(config, provider);
  if (model) return { provider, model };
  throw new GoclawError(
    "MODEL_NOT_FOUND",
    `providers.${provider} names no model; say which: ${provider}/MODEL`,
  );
}

function unknownProvider({ providers }: Config, id: string): GoclawError {
  const known = providers.map((provider) => provider.id).join(", ");
  return new GoclawError(
    "MODEL_NOT_FOUND",
    `there is no provider ${JSON.stringify(id)}; write PROVIDER/MODEL with one of: ${known}`,
  );
}
