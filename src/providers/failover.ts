// A chain of providers that is a provider itself: what one cannot answer the next one does. A break in mid-answer goes
// on at the next provider after a visible seam; calls of tools are passed on only once an answer is whole, so a tool
// that ran is never asked for twice.

import type { Breaker } from "./breaker.ts";
import {
  type ErrorClass,
  failure,
  type Lack,
  type ModelRequest,
  type Part,
  type Provider,
  type ProviderFailure,
} from "./provider.ts";

/** One link of the chain: a provider and the model it is asked for. */
export interface Candidate {
  readonly provider: Provider;
  readonly model: string;
}

export interface FailoverPorts {
  readonly breaker: Breaker;
  /** Waits before a repetition at the same provider; resolves early when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

type Verdict = "here" | "next" | "stop";

/** What each class of failure asks for: once more here, the next provider, or an end because no provider can help. */
const VERDICT: Record<ErrorClass, Verdict> = {
  not_configured: "next",
  auth: "next",
  quota: "next",
  daily_limit: "next",
  rate_limit: "here",
  overloaded: "here",
  network: "here",
  timeout: "next",
  malformed: "next",
  unsupported: "next",
  bad_request: "stop",
  context_length: "stop",
  refused: "stop",
  cassette_miss: "stop",
  cassette_broken: "stop",
  aborted: "stop",
};

const REPEAT_MS = 250;
/** A wait that the provider asks for is taken here up to this; a longer one is what the next provider is for. */
const MAX_WAIT_HERE_MS = 2_000;

/** `request.model` is the first candidate's model; each other candidate is asked for its own. */
export function createFailover(
  candidates: readonly [Candidate, ...Candidate[]],
  ports: FailoverPorts,
): Provider {
  const [first] = candidates;
  const asked = (request: ModelRequest): Candidate[] =>
    candidates.map((link, index) => (index === 0 ? { ...link, model: request.model } : link));
  // A chain of one has nowhere else to go: the queue's backoff spares the provider, and its next answer is the probe.
  if (candidates.length === 1) return first.provider;
  return {
    id: first.provider.id,
    fallbacks: candidates.slice(1).map(({ provider, model }) => ({ provider: provider.id, model })),
    lackOf: (request) => {
      const lacks = asked(request).map((link) => lackAt(link, request));
      return lacks.includes(undefined) ? undefined : lacks[0];
    },
    count: async (request, signal) =>
      ports.breaker.waitMs(first.provider.id) > 0 ? undefined : first.provider.count?.(request, signal),
    linksFor: (request) =>
      asked(request)
        .filter(mayBeAsked(request))
        .map(({ provider, model }) => ({ provider: provider.id, model })),
    stream: (request, signal) => {
      const links = asked(request);
      const able = links.filter(mayBeAsked(request));
      return able.length === 0 ? refuse(links, request) : walk(able, ports, request, signal);
    },
  };
}

/** Everybody's lack: only all of them together say what to change. */
async function* refuse(links: readonly Candidate[], request: ModelRequest): AsyncGenerator<Part> {
  const lacks = links.flatMap((link) => lackAt(link, request)?.message ?? []);
  yield failure("unsupported", `no model of the chain can do what is asked: ${lacks.join("; ")}`);
}

function lackAt({ provider, model }: Candidate, request: ModelRequest): Lack | undefined {
  return provider.lackOf?.({ ...request, model });
}

/** A link whose budget is used up, or that cannot do what is asked, is not asked; it has not failed either. */
function mayBeAsked(request: ModelRequest): (link: Candidate) => boolean {
  const { passOver = [] } = request;
  return ({ provider, model }) =>
    !passOver.some((link) => link.provider === provider.id && link.model === model) &&
    lackAt({ provider, model }, request) === undefined;
}

async function* walk(
  candidates: readonly Candidate[],
  ports: FailoverPorts,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<Part> {
  const { breaker } = ports;
  let text = "";
  let last: ProviderFailure | undefined;
  let from: Candidate | undefined;
  let hope: ProviderFailure | undefined;
  for (const candidate of candidates) {
    if (!breaker.mayTry(candidate.provider.id)) {
      hope = isOpen(candidate, breaker);
      continue;
    }
    for (let tries = 0; tries === 0 || breaker.mayTry(candidate.provider.id); tries++) {
      const relay = new Relay(candidate, text);
      try {
        // Inside, because a consumer may go away at the seam, and the breaker's probe must be given back then too.
        if (from !== undefined && last !== undefined) yield seam(from, candidate, last, text.length);
        from = candidate;
        const others = candidates.slice(candidates.indexOf(candidate) + 1);
        const mayDecline = others.some(({ provider }) => provider.isMissing !== true);
        yield* relay.run({ ...continued(request, candidate.model, text), mayDecline }, signal);
      } finally {
        settle(breaker, candidate.provider.id, relay);
      }
      if (relay.state === "ended") return;
      text = relay.text;
      last = relay.failed ?? failure("malformed", `${candidate.provider.id} ended without saying so`);
      const verdict = VERDICT[last.errorClass];
      // A day's end is far off: any other hope comes sooner.
      if (PASSES.includes(last.errorClass)) hope = last;
      else if (last.errorClass === "daily_limit") hope ??= last;
      if (verdict === "stop") {
        yield last;
        return;
      }
      const isLastLink = candidate === candidates.at(-1);
      if (verdict === "next" || tries > 0 || isLastLink || last.afterMs > MAX_WAIT_HERE_MS) break;
      await ports.wait(Math.max(REPEAT_MS, last.afterMs), signal);
      if (signal.aborted) {
        yield failure("aborted", "the call was aborted");
        return;
      }
    }
  }
  // A chain fails for good only when no link of it can mend by waiting: a fallback without a key must not turn a busy
  // primary into an error that is never tried again.
  if (last === undefined) yield allOpen(candidates, breaker);
  else yield { ...(hope ?? last), ...(last.from && { from: last.from }) };
}

/** Failures that waiting can mend. */
const PASSES: readonly ErrorClass[] = ["rate_limit", "overloaded", "timeout", "network", "malformed"];

/** What one try says about its provider; one whose consumer went away says nothing. */
function settle(breaker: Breaker, provider: string, { state, failed }: Relay): void {
  if (state === "ended") breaker.succeeded(provider);
  else if (failed === undefined || failed.errorClass === "aborted") breaker.abandoned(provider);
  else breaker.failed(provider, failed.errorClass);
}

function isOpen({ provider, model }: Candidate, breaker: Breaker): ProviderFailure {
  const why = `${provider.id} (${model}) has failed lately and is left alone; goclaw model list shows it`;
  return failure("overloaded", why, breaker.waitMs(provider.id));
}

function allOpen(candidates: readonly Candidate[], breaker: Breaker): ProviderFailure {
  const ids = candidates.map(({ provider }) => provider.id);
  const waitMs = Math.min(...ids.map((id) => breaker.waitMs(id)));
  const why = `every provider of the chain has failed lately (${ids.join(", ")}); goclaw model list shows them`;
  return failure("overloaded", why, waitMs);
}

function seam(
  from: Candidate,
  to: Candidate,
  { errorClass, message }: ProviderFailure,
  offset: number,
): Part {
  return {
    type: "seam",
    fromProvider: from.provider.id,
    fromModel: from.model,
    toProvider: to.provider.id,
    toModel: to.model,
    errorClass,
    message,
    offset,
  };
}

const CONTINUE =
  "Your answer broke off in the middle. Go on exactly where it stopped, without repeating anything and without a remark about it.";

/** The request for the next candidate: what was said already stands as the beginning of its answer. */
function continued(request: ModelRequest, model: string, text: string): ModelRequest {
  if (text === "") return { ...request, model };
  const messages = [
    ...request.messages,
    { role: "assistant", text, toolCalls: [] } as const,
    { role: "user", text: CONTINUE } as const,
  ];
  return { ...request, model, messages };
}

/** Passes one candidate's parts on, keeping back tool calls until its answer is whole. */
class Relay {
  text: string;
  state: "running" | "ended" | "failed" = "running";
  failed: ProviderFailure | undefined;
  readonly #candidate: Candidate;

  constructor(candidate: Candidate, text: string) {
    this.#candidate = candidate;
    this.text = text;
  }

  async *run(request: ModelRequest, signal: AbortSignal): AsyncGenerator<Part> {
    const { provider, model } = this.#candidate;
    const held: Part[] = [];
    for await (const part of provider.stream(request, signal)) {
      if (part.type === "error") {
        this.failed = { ...part, from: { provider: provider.id, model } };
        this.state = "failed";
        return;
      }
      if (part.type === "text.delta") this.text += part.text;
      if (part.type === "tool.start" || part.type === "tool.delta" || part.type === "continuation")
        held.push(part);
      else if (part.type === "end") {
        yield* held;
        this.state = "ended";
        yield { ...part, provider: part.provider ?? provider.id };
      } else if (part.type === "usage") yield { ...part, provider: provider.id, model };
      else yield part;
    }
  }
}
