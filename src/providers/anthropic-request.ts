// A request in the words of Anthropic's Messages API: the system messages apart, results of tools as the user's, and
// marks where its prompt cache may end: after the tools, after the system text and, while tools are used, at the end.

import type {
  CacheControlEphemeral,
  ContentBlockParam,
  ImageBlockParam,
  MessageCreateParamsStreaming,
  MessageParam,
  OutputConfig,
  Tool,
} from "@anthropic-ai/sdk/resources/messages";
import type { ContentPart, Message, ToolSpec } from "../domain/message.ts";
import { restore, textBlocks } from "./anthropic-thinking.ts";
import { mayThink, strictFormat, toWishes } from "./anthropic-wishes.ts";
import { argumentsObject, type Origin, systemText, withLegalIds } from "./history.ts";
import { offeredTools, partsOf } from "./needs.ts";
import type { ModelRequest, OutputSchema } from "./provider.ts";

const LEGAL_ID = /^[a-zA-Z0-9_-]{1,64}$/;
const CACHE = { type: "ephemeral" } as const satisfies CacheControlEphemeral;

export interface AnswerLimits {
  readonly maxTokens: number;
  readonly thinkingTokens: number | undefined;
}

/** Models since Opus 4.7 refuse the first two; the SDK's types leave them out, older models take them. */
interface OldSampling {
  readonly temperature?: number;
  readonly top_p?: number;
}

export async function toBody(
  { model, messages, tools, sampling, output, wish }: ModelRequest,
  limits: AnswerLimits,
  origin: Origin,
): Promise<MessageCreateParamsStreaming> {
  const { temperature, topP, maxTokens = limits.maxTokens, stop } = sampling;
  const old: OldSampling = {
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
  };
  const system = systemText(messages);
  const wished = wish?.format?.type === "json_schema" ? await strictFormat(wish.format) : undefined;
  const format = output === undefined ? wished : await toFormat(output);
  // Thinking counts as output, so that it has to fit into the answer's length.
  const fits = (limits.thinkingTokens ?? maxTokens) < maxTokens;
  const offered = offeredTools(tools, wish);
  const turns = toMessages(messages, offered.length > 0, origin);
  const budget = fits && mayThink(wish) && mayGoOnThinking(turns) ? limits.thinkingTokens : undefined;
  return {
    model,
    max_tokens: maxTokens,
    messages: turns,
    ...(system !== undefined && { system: [{ type: "text", text: system, cache_control: CACHE }] }),
    ...(offered.length > 0 && { tools: toTools(offered) }),
    ...(stop !== undefined && { stop_sequences: [...stop] }),
    ...(budget !== undefined && { thinking: { type: "enabled", budget_tokens: budget } }),
    ...old,
    ...toWishes(wish, offered.length > 0, format),
    stream: true,
  };
}

/**
 * Told to think, the vendor refuses calls of tools that it did not think about: those of another provider, which
 * answered before it. It thinks again from the user's next words on.
 */
function mayGoOnThinking(turns: readonly MessageParam[]): boolean {
  const [last, end] = [turns.at(-2), turns.at(-1)];
  if (!isBlock(end?.content[0], "tool_result")) return true;
  return isBlock(last?.content[0], "thinking") || isBlock(last?.content[0], "redacted_thinking");
}

function isBlock(block: ContentBlockParam | string | undefined, type: ContentBlockParam["type"]): boolean {
  return typeof block === "object" && block.type === type;
}

function toTools(tools: readonly ToolSpec[]): Tool[] {
  return tools.map(({ name, description, params, strict }, index) => ({
    name,
    ...(description !== "" && { description }),
    ...(strict !== undefined && { strict }),
    input_schema: { ...params, type: "object" },
    ...(index === tools.length - 1 && { cache_control: CACHE }),
  }));
}

/** The SDK moves what the vendor's mode cannot express into descriptions; a schema it cannot express goes without. */
async function toFormat({ schema }: OutputSchema): Promise<OutputConfig["format"]> {
  const { transformJSONSchema } = await import("@anthropic-ai/sdk/lib/transform-json-schema");
  try {
    return { type: "json_schema", schema: { ...transformJSONSchema(schema) } };
  } catch {
    return undefined;
  }
}

/** Turns of one side that follow each other become one, as the vendor demands of results; empty ones go. */
function toMessages(messages: readonly Message[], toolsGiven: boolean, origin: Origin): MessageParam[] {
  const turns: { role: "user" | "assistant"; content: ContentBlockParam[] }[] = [];
  for (const message of withLegalIds(messages, LEGAL_ID)) {
    if (message.role === "system") continue;
    const role = message.role === "assistant" ? "assistant" : "user";
    const content = toBlocks(message, origin);
    const last = turns.at(-1);
    if (content.length === 0) continue;
    if (last?.role === role) last.content.push(...content);
    else turns.push({ role, content });
  }
  const end = turns.at(-1)?.content;
  const block = end?.pop();
  if (end !== undefined && block !== undefined) end.push(toolsGiven ? marked(block) : block);
  return turns;
}

function marked(block: ContentBlockParam): ContentBlockParam {
  return block.type === "text" || block.type === "tool_result" ? { ...block, cache_control: CACHE } : block;
}

function toImage(part: Exclude<ContentPart, { type: "text" }>): ImageBlockParam {
  if (part.type === "image_url") return { type: "image", source: { type: "url", url: part.url } };
  const { mediaType, base64 } = part;
  return { type: "image", source: { type: "base64", media_type: mediaType as "image/png", data: base64 } };
}

function toBlocks(message: Exclude<Message, { role: "system" }>, origin: Origin): ContentBlockParam[] {
  switch (message.role) {
    case "user":
      return partsOf(message).flatMap((part): ContentBlockParam[] =>
        part.type === "text" ? textBlocks(part.text) : [toImage(part)],
      );
    case "tool":
      return [{ type: "tool_result", tool_use_id: message.callId, content: message.text }];
    case "assistant": {
      const calls = message.toolCalls.map((call) => ({
        type: "tool_use" as const,
        id: call.id,
        name: call.name,
        input: argumentsObject(call),
      }));
      return restore(message, calls, origin) ?? [...textBlocks(message.text), ...calls];
    }
  }
}
