// Ollama's native /api/chat through its SDK, which is loaded at the first call. What a model can do is asked once of
// /api/show. The SDK's browser build is used: the other one reads an image's base64 as a file name first.

import type { AbilitiesOf } from "./able.ts";
import type { CallSite } from "./faults.ts";
import { createCallIds } from "./history.ts";
import { explainOllama, judgeOllama } from "./ollama-errors.ts";
import { withCheckedLines } from "./ollama-lines.ts";
import { toAbilities, toBody, unable } from "./ollama-request.ts";
import { toParts } from "./ollama-stream.ts";
import { type Abilities, OLLAMA_HONOURS } from "./ollama-wishes.ts";
import type { ModelRequest, Part, PhaseTimeouts, Provider } from "./provider.ts";
import type { CallClock } from "./timeouts.ts";
import { createVendor } from "./vendor.ts";
import { wireFetch } from "./wire.ts";

export interface OllamaSettings {
  readonly id: string;
  /** Ollama itself wants none; a proxy before it may. */
  readonly apiKey: string | undefined;
  /** With or without `/api` or `/v1`. */
  readonly baseUrl: string | undefined;
  readonly timeoutMs: number;
  readonly timeouts?: Partial<PhaseTimeouts>;
  /** The window to load models with, in tokens; unset leaves it to the server, whose default cuts off silently. */
  readonly numCtx?: number;
  /** What the configuration says a model can do; of the others the server is asked. */
  readonly abilitiesOf?: AbilitiesOf;
}

const ADDRESS = "http://127.0.0.1:11434";

export function createOllama(settings: OllamaSettings): Provider {
  const abilities = new Map<string, Abilities>();
  return createVendor(settings, {
    honours: OLLAMA_HONOURS,
    call: (site, request, clock) => call(settings, site, request, clock, abilities),
    explain: explainOllama,
  });
}

async function* call(
  { apiKey, baseUrl = ADDRESS, numCtx, abilitiesOf }: OllamaSettings,
  site: CallSite,
  request: ModelRequest,
  clock: CallClock,
  known: Map<string, Abilities>,
): AsyncGenerator<Part> {
  const { Ollama } = await import("ollama/browser");
  const wire = { site, clock, secret: apiKey, judge: judgeOllama };
  const host = baseUrl.replace(/\/+$/, "").replace(/\/(api|v1)$/, "");
  const headers = apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` };
  const open = (fetch: typeof globalThis.fetch) => new Ollama({ host, headers, fetch });

  const said = abilitiesOf?.(request.model);
  let abilities = said === undefined ? known.get(request.model) : new Set(said);
  if (abilities === undefined) {
    const client = open(wireFetch({ ...wire, accepts: ["application/json"] }));
    abilities = toAbilities(await client.show({ model: request.model }));
    known.set(request.model, abilities);
  }
  const lack = unable(site, request, abilities);
  if (lack !== undefined) {
    yield lack;
    return;
  }
  const accepts = ["application/x-ndjson", "application/json"];
  const client = open(withCheckedLines(wireFetch({ ...wire, accepts }), site, clock));
  const answers = await client.chat(toBody(request, abilities, numCtx));
  yield* toParts(answers, site, createCallIds(request.messages));
}
