// Google's Gemini API (streamGenerateContent) through the official SDK, which is loaded at the first call and never
// retries or continues by itself. Its web build is used: it is the same client without Google's cloud login.

import type { GenerateContentParameters } from "@google/genai/web";
import { type CallSite, fault } from "./faults.ts";
import { explainGoogle, judgeGoogle } from "./google-errors.ts";
import { toParameters } from "./google-request.ts";
import { toParts } from "./google-stream.ts";
import { GOOGLE_HONOURS } from "./google-wishes.ts";
import { createCallIds, originOf } from "./history.ts";
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
    explain: explainGoogle,
  });
}

async function* call(
  { apiKey, baseUrl = ADDRESS }: GoogleSettings,
  site: CallSite,
  request: ModelRequest,
  clock: CallClock,
): AsyncGenerator<Part> {
  const origin = originOf("google", baseUrl, request.model);
  const parameters: GenerateContentParameters = toParameters(request, origin);
  if (Array.isArray(parameters.contents) && parameters.contents.length === 0) {
    yield fault(site, "bad_request", "was given no message to answer");
    return;
  }
  const { GoogleGenAI } = await import("@google/genai/web");
  const address = baseUrl.replace(/\/+$/, "");
  const accepts = ["text/event-stream"];
  const client = new GoogleGenAI({
    apiKey: apiKey ?? "none",
    vertexai: false,
    httpOptions: {
      baseUrl: address,
      ...(VERSIONED.test(address) && { apiVersion: "" }),
      fetch: withPlainEvents(wireFetch({ site, clock, secret: apiKey, accepts, judge: judgeGoogle })),
    },
  });
  const answers = await client.models.generateContentStream(parameters);
  yield* toParts(answers, site, createCallIds(request.messages), origin);
}
