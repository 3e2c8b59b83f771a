// Anthropic's Messages API through the official SDK, which is loaded at the first call and never retries by itself.

import { explainAnthropic, judgeAnthropic } from "./anthropic-errors.ts";
import { toBody } from "./anthropic-request.ts";
import { toParts } from "./anthropic-stream.ts";
import { ANTHROPIC_HONOURS, formatFault } from "./anthropic-wishes.ts";
import { type CallSite, fault, lacking } from "./faults.ts";
import { createCallIds, originOf } from "./history.ts";
import { withPlainEvents } from "./plain-events.ts";
import type { ModelRequest, Part, PhaseTimeouts, Provider } from "./provider.ts";
import type { CallClock } from "./timeouts.ts";
import { createVendor } from "./vendor.ts";
import { wireFetch } from "./wire.ts";

export interface AnthropicSettings {
  readonly id: string;
  readonly apiKey: string | undefined;
  /** With or without `/v1`. */
  readonly baseUrl: string | undefined;
  readonly timeoutMs: number;
  readonly timeouts?: Partial<PhaseTimeouts>;
  /** The longest answer when the caller sets none: the vendor insists on a number. */
  readonly maxTokens?: number;
  /** In tokens, where it is known. */
  readonly longestAnswer?: (model: string) => number | undefined;
  /** How many tokens the model may think before it answers; unset leaves it to the model. */
  readonly thinkingTokens?: number;
}

const ADDRESS = "https://api.anthropic.com";
const DEFAULT_MAX_TOKENS = 16_384;

export function createAnthropic(settings: AnthropicSettings): Provider {
  return createVendor(settings, {
    honours: ANTHROPIC_HONOURS,
    call: (site, request, clock) => call(settings, site, request, clock),
    count: (site, request, clock) => count(settings, site, request, clock),
    explain: explainAnthropic,
  });
}

async function* call(
  settings: AnthropicSettings,
  site: CallSite,
  request: ModelRequest,
  clock: CallClock,
): AsyncGenerator<Part> {
  const lack = lacking(site, request.sampling, ["presencePenalty", "frequencyPenalty"]);
  if (lack !== undefined) {
    yield lack;
    return;
  }
  const origin = originOf("anthropic", settings.baseUrl ?? ADDRESS, request.model);
  const inexpressible = await formatFault(request);
  if (inexpressible !== undefined) {
    yield fault(site, "unsupported", `cannot keep to the schema of response_format: ${inexpressible}`);
    return;
  }
  const body = await toBody(request, limitsOf(settings, request.model), origin);
  if (body.messages.length === 0) {
    yield fault(site, "bad_request", "was given no message to answer");
    return;
  }
  const client = await open(settings, site, clock, "text/event-stream");
  const events = await client.messages.create(body);
  yield* toParts(events, site, createCallIds(request.messages), origin);
}

async function count(
  settings: AnthropicSettings,
  site: CallSite,
  request: ModelRequest,
  clock: CallClock,
): Promise<number> {
  const origin = originOf("anthropic", settings.baseUrl ?? ADDRESS, request.model);
  const { model, messages, system, tools, thinking } = await toBody(
    request,
    limitsOf(settings, request.model),
    origin,
  );
  const client = await open(settings, site, clock, "application/json");
  const what = { ...(system && { system }), ...(tools && { tools }), ...(thinking && { thinking }) };
  return (await client.messages.countTokens({ model, messages, ...what })).input_tokens;
}

function limitsOf({ maxTokens, thinkingTokens, longestAnswer }: AnthropicSettings, model: string) {
  const most = longestAnswer?.(model) ?? DEFAULT_MAX_TOKENS;
  return { maxTokens: maxTokens ?? Math.min(DEFAULT_MAX_TOKENS, most), thinkingTokens };
}

async function open(
  { apiKey, baseUrl = ADDRESS, timeoutMs }: AnthropicSettings,
  site: CallSite,
  clock: CallClock,
  accepts: "text/event-stream" | "application/json",
) {
  const { Anthropic } = await import("@anthropic-ai/sdk");
  const send = wireFetch({ site, clock, secret: apiKey, accepts: [accepts], judge: judgeAnthropic });
  return new Anthropic({
    apiKey: apiKey ?? "none",
    baseURL: baseUrl.replace(/\/+$/, "").replace(/\/v1$/, ""),
    timeout: timeoutMs,
    maxRetries: 0,
    logLevel: "off",
    openTelemetry: false,
    fetch: accepts === "text/event-stream" ? withPlainEvents(send) : send,
  });
}
