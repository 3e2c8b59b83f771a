// A request in the words of the Gemini API: the system messages apart, results of parallel calls together in the order
// of the calls. Nothing here lets the SDK act by itself: it neither runs functions nor asks again to continue.

import type { Content, GenerateContentConfig, GenerateContentParameters, Part } from "@google/genai/web";
import type { Message, ToolSpec } from "../domain/message.ts";
import { restore, type VendorCall } from "./google-thoughts.ts";
import { toWishes, withoutDialect } from "./google-wishes.ts";
import { argumentsObject, type Origin, systemText, withLegalIds } from "./history.ts";
import { offeredTools, partsOf } from "./needs.ts";
import type { ModelRequest } from "./provider.ts";

const ANY_ID = /./;
/** Since 2.5 models think, and show it when asked to; those for other media do not. */
const THINKS = /gemini-(2\.5|[3-9]|\d{2})(?!.*(image|tts|audio|embedding))/;

export function toParameters(
  { model, messages, tools, sampling, output, wish }: ModelRequest,
  origin: Origin,
): GenerateContentParameters {
  const { temperature, topP, maxTokens, stop, seed, presencePenalty, frequencyPenalty } = sampling;
  const system = systemText(messages);
  const offered = offeredTools(tools, wish);
  const config: GenerateContentConfig = {
    automaticFunctionCalling: { disable: true },
    automaticContinuation: false,
    ...(system !== undefined && { systemInstruction: system }),
    ...(offered.length > 0 && { tools: [{ functionDeclarations: offered.map(toDeclaration) }] }),
    ...(THINKS.test(model) && { thinkingConfig: { includeThoughts: true } }),
    ...(output !== undefined && {
      responseMimeType: "application/json",
      responseJsonSchema: withoutDialect(output.schema),
    }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }),
    ...(stop !== undefined && { stopSequences: [...stop] }),
    ...(seed !== undefined && { seed }),
    ...(presencePenalty !== undefined && { presencePenalty }),
    ...(frequencyPenalty !== undefined && { frequencyPenalty }),
    ...(wish !== undefined && toWishes(wish, model)),
  };
  return { model, contents: toContents(messages, origin), config };
}

function toDeclaration({ name, description, params }: ToolSpec) {
  return { name, description, parametersJsonSchema: withoutDialect(params) };
}

function toContents(messages: readonly Message[], origin: Origin): Content[] {
  const contents: Content[] = [];
  const vendorIds = new Map<string, string | undefined>();
  let results: Part[] | undefined;
  for (const message of withLegalIds(messages, ANY_ID)) {
    if (message.role === "tool") {
      const part = toResult(message, vendorIds.get(message.callId));
      if (results === undefined) {
        results = [];
        contents.push({ role: "user", parts: results });
      }
      results.push(part);
      continue;
    }
    results = undefined;
    if (message.role === "system") continue;
    if (message.role === "user") contents.push(...turn("user", userParts(message)));
    else {
      const calls: VendorCall[] = message.toolCalls.map((call) => ({
        name: call.name,
        args: argumentsObject(call),
      }));
      const { parts, ids } = restore(message, calls, origin);
      for (const [index, call] of message.toolCalls.entries()) vendorIds.set(call.id, ids[index]);
      contents.push(...turn("model", parts));
    }
  }
  return contents;
}

/** The vendor refuses a turn without parts. */
function turn(role: "user" | "model", parts: Part[]): Content[] {
  return parts.length === 0 ? [] : [{ role, parts }];
}

function userParts(message: Extract<Message, { role: "user" }>): Part[] {
  return partsOf(message).flatMap((part): Part[] => {
    if (part.type === "text") return part.text === "" ? [] : [{ text: part.text }];
    // An address is refused before: this vendor fetches none.
    return part.type === "image" ? [{ inlineData: { mimeType: part.mediaType, data: part.base64 } }] : [];
  });
}

/** The vendor's own id, if it gave one, else it matches by name and order. */
function toResult({ name, text }: Extract<Message, { role: "tool" }>, id: string | undefined): Part {
  return { functionResponse: { ...(id !== undefined && { id }), name, response: { output: text } } };
}
