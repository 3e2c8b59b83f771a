// Buys one answer: reserves its part of the budgets, makes the call, and settles what was billed without an answer. When
// it returns, nothing is reserved unless there is an answer that will settle it.

import type { Answer, TokenUsage } from "../domain/message.ts";
import type { ClaimedTask, Outcome } from "../domain/task.ts";
import { recordFailedCalls } from "../journal/failed-calls.ts";
import type { ModelRequest, Provider, ProviderFailure } from "../providers/provider.ts";
import { BYTES_PER_TOKEN, countMessages, countTools, ESTIMATE } from "../providers/tokens.ts";
import { type Purse, releaseCall, reserveCall } from "./budget.ts";
import { type Billed, type Called, callModel, type Hearing } from "./call.ts";
import { priceOf } from "./price.ts";
import type { Link } from "./window.ts";

export interface BuyPorts {
  readonly task: ClaimedTask;
  readonly provider: Provider;
  /** Who is asked, and who may answer in its place. */
  readonly links: readonly [Link, ...Link[]];
  readonly purse: Purse;
  readonly signal: AbortSignal;
}

export type Bought =
  | { readonly answer: Answer; readonly costUsd: number | null }
  | { readonly failure: ProviderFailure }
  /** No call was made. */
  | { readonly outcome: Outcome };

/** `plainer` are asked in turn in place of a request that a provider refuses as malformed. */
export async function buy(
  ports: BuyPorts,
  turn: number,
  request: ModelRequest,
  hearing: Hearing,
  plainer: readonly ModelRequest[] = [],
): Promise<Bought> {
  const { task, provider, links, purse, signal } = ports;
  // Nothing is reserved for a model that will not be asked.
  const [first, ...rest] = provider.linksFor?.(request) ?? links;
  const asked = first === undefined ? links : ([first, ...rest] as const);
  const grant = await reserveCall(purse, task, { turn, links: asked, request });
  if ("outcome" in grant) return grant;
  const { held, passOver } = grant;
  const billed: Billed[] = [];
  const call = async (wanted: ModelRequest): Promise<Called> => {
    const left = passOver.length === 0 ? wanted : { ...wanted, passOver };
    const called = await callModel(provider, left, signal, hearing);
    billed.push(...called.billed);
    return called;
  };
  let called: Called | undefined;
  try {
    called = await call(request);
    for (const plain of plainer) if (isRefused(called)) called = await call(plain);
  } finally {
    // Also when the call broke by a defect: nobody else would give back what it reserved before the next start.
    const isOver = called?.ok !== true;
    if (billed.length > 0) await settleFailed(ports, turn, billed.map(counted(request)), isOver);
    else if (held && isOver) await releaseCall(purse, task, turn);
  }
  if (!called.ok) return { failure: called.failure };
  const { answer } = called;
  return { answer, costUsd: priceOf(purse.catalog, links, answer) };
}

function isRefused(called: Called): boolean {
  return !called.ok && called.failure.errorClass === "bad_request";
}

/** A call that brought nothing; `likely` is what it used at least, counted or estimated, when its last count is missing. */
export type Failed = Omit<Billed, "uncountedBytes" | "partial"> & {
  readonly partial?: boolean;
  readonly likely?: TokenUsage;
};

/** A provider that breaks off does not say what it counted, and bills it all the same: limits are held against `likely`. */
function counted({ messages, tools }: ModelRequest): (call: Billed) => Failed {
  return ({ uncountedBytes, ...call }) => {
    if (uncountedBytes === 0) return call;
    const asked = (): number => countMessages(ESTIMATE, messages) + countTools(ESTIMATE, tools);
    const { inputTokens = asked(), outputTokens = 0, ...cached } = call.usage ?? {};
    const heard = Math.ceil(uncountedBytes / BYTES_PER_TOKEN);
    const likely = { cachedTokens: 0, ...cached, inputTokens, outputTokens: outputTokens + heard };
    return { ...call, likely };
  };
}

/** Keeps what calls without a usable answer were billed for; `isOver` frees what the turn reserved. */
export async function settleFailed(
  { task, links, purse }: BuyPorts,
  turn: number,
  failed: readonly Failed[],
  isOver: boolean,
): Promise<void> {
  const calls = failed.map(({ provider, model, usage, errorClass, partial, likely }) => {
    const cost = (of: TokenUsage | null): number | null =>
      priceOf(purse.catalog, links, { provider, model, usage: of });
    const least = likely && { usd: cost(likely) ?? 0, tokens: likely.inputTokens + likely.outputTokens };
    const call = { id: purse.newId(), provider, model, usage, errorClass, costUsd: cost(usage) };
    return { ...call, ...(partial && { partial }), ...(least && { least }) };
  });
  await purse.store.insist(recordFailedCalls, { taskId: task.id, fence: task.fence, turn, calls, isOver });
}
