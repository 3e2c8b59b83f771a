// Google's Gemini API (streamGenerateContent) through the official SDK, which is loaded at the first call and never
// retries or continues by itself. Its web build is used: it is the same client without Google's cloud login.

import type { Content, GenerateContentParameters } from "@google/genai/web";
import { type CallSite, fault } from "./faults.ts";
import { explainGoogle, judgeGoogle } from "./google-errors.ts";
import { toParameters } from "./google-request.ts";
import { toParts } from "./google-stream.ts";
import { GOOGLE_HONOURS } from "./google-wishes.ts";
import { createCallIds, originOf, systemText } from "./history.ts";
import { withPlainEvents } from "./plain-events.ts";
import type { ModelRequest, Part, PhaseTimeouts, Provider } from "./provider.ts";
import type { CallClock } from "./timeouts.ts";
import { createVendor } from "./vendor.ts";
import { wireFetch } from "./wire.ts";

export interface GoogleSettings {
  readonly id: string;
  readonly apiKey: string | undefined;
  /** With or without the version segment, such as `/v1beta`; without it the SDK's own version is used. */
  readonly baseUrl: string | undefined;
  readonly timeoutMs: number;
  readonly timeouts?: Partial<PhaseTimeouts>;
}

const ADDRESS = "https://generativelanguage.googleapis.com";
const VERSIONED = /\/v\d+((alpha|beta)\d*)?$/;

export function createGoogle(settings: GoogleSettings): Provider {
  return createVendor(settings, {
    honours: GOOGLE_HONOURS,
    call: (site, request, clock) => call(settings, site, request, clock),
    count: (site, request, clock) => count(settings, site, request, clock),
    explain: explainGoogle,
  });
}

async function* call(
  settings: GoogleSettings,
  site: CallSite,
  request: ModelRequest,
  clock: CallClock,
): AsyncGenerator<Part> {
  const origin = originOf("google", settings.baseUrl ?? ADDRESS, request.model);
  const parameters: GenerateContentParameters = toParameters(request, origin);
  if (Array.isArray(parameters.contents) && parameters.contents.length === 0) {
    yield fault(site, "bad_request", "was given no message to answer");
    return;
  }
  const client = await open(settings, site, clock, "text/event-stream");
  const answers = await client.models.generateContentStream(parameters);
  yield* toParts(answers, site, createCallIds(request.messages), origin);
}

/** The vendor counts contents alone, so that soul and tools go as the words they are. */
async function count(
  settings: GoogleSettings,
  site: CallSite,
  request: ModelRequest,
  clock: CallClock,
): Promise<number> {
  const origin = originOf("google", settings.baseUrl ?? ADDRESS, request.model);
  const { model, contents } = toParameters(request, origin);
  const around = [systemText(request.messages) ?? "", ...request.tools.map((tool) => JSON.stringify(tool))];
  const first = { role: "user", parts: [{ text: around.join("\n") }] };
  const said = Array.isArray(contents) ? (contents as Content[]) : [];
  const client = await open(settings, site, clock, "application/json");
  return (await client.models.countTokens({ model, contents: [first, ...said] })).totalTokens ?? 0;
}

async function open(
  { apiKey, baseUrl = ADDRESS }: GoogleSettings,
  site: CallSite,
  clock: CallClock,
  accepts: "text/event-stream" | "application/json",
) {
  const { GoogleGenAI } = await import("@google/genai/web");
  const address = baseUrl.replace(/\/+$/, "");
  const send = wireFetch({ site, clock, secret: apiKey, accepts: [accepts], judge: judgeGoogle });
  return new GoogleGenAI({
    apiKey: apiKey ?? "none",
    vertexai: false,
    httpOptions: {
      baseUrl: address,
      ...(VERSIONED.test(address) && { apiVersion: "" }),
      fetch: accepts === "text/event-stream" ? withPlainEvents(send) : send,
    },
  });
}
