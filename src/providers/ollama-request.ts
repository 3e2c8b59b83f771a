// A request in the words of Ollama's /api/chat, fitted to what the model can do. Tools that a model cannot use are left
// out while the conversation has used none and nobody else may answer; one that has used tools would lose its sense.

import type { ChatRequest, Message as OllamaMessage, Options, ShowResponse, Tool } from "ollama/browser";
import type { Message, ToolSpec } from "../domain/message.ts";
import { ABILITIES } from "../domain/model.ts";
import { type CallSite, fault } from "./faults.ts";
import { argumentsObject } from "./history.ts";
import { offeredTools, partsOf } from "./needs.ts";
import { type Abilities, ineptFor, toWishes } from "./ollama-wishes.ts";
import type { ModelRequest, ProviderFailure } from "./provider.ts";

/** The server's names for what it tells; an answer of any of its models can be held to a schema. */
const SERVERS_NAMES = { tools: "tools", images: "vision", reasoning: "thinking" } as const;

/** Servers before 0.6 do not tell: then tools and images are tried, and the server judges. */
export function toAbilities({ capabilities }: Partial<ShowResponse>): Abilities {
  if (capabilities === undefined || capabilities === null) return new Set(["tools", "images", "json_schema"]);
  const told = ABILITIES.filter((ability) => {
    return ability === "json_schema" || capabilities.includes(SERVERS_NAMES[ability]);
  });
  return new Set(told);
}

/** What the request needs and the model lacks. */
export function unable(
  site: CallSite,
  { messages, tools, wish, mayDecline }: ModelRequest,
  abilities: Abilities,
): ProviderFailure | undefined {
  const inept = wish && ineptFor(wish, tools, abilities);
  if (inept !== undefined) return fault(site, "unsupported", inept);
  if (tools.length > 0 && mayDecline === true && !abilities.has("tools"))
    return fault(site, "unsupported", "cannot use tools, and some are offered: take a model that can");
  const usedTools = messages.some(
    (message) => message.role === "tool" || (message.role === "assistant" && message.toolCalls.length > 0),
  );
  if (usedTools && !abilities.has("tools")) {
    return fault(
      site,
      "unsupported",
      "cannot use tools, and this conversation has used some: take a model that can",
    );
  }
  const hasImages = messages.some(
    (message) => message.role === "user" && partsOf(message).some(({ type }) => type === "image"),
  );
  if (hasImages && !abilities.has("images")) {
    return fault(
      site,
      "unsupported",
      "cannot see images, and this conversation has some: take a model that can",
    );
  }
  return undefined;
}

export function toBody(
  { model, messages, tools, sampling, output, wish }: ModelRequest,
  abilities: Abilities,
  numCtx: number | undefined,
): ChatRequest & { stream: true } {
  const { temperature, topP, maxTokens, stop, seed, presencePenalty, frequencyPenalty } = sampling;
  const options: Partial<Options> = {
    ...(numCtx !== undefined && { num_ctx: numCtx }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(maxTokens !== undefined && { num_predict: maxTokens }),
    ...(stop !== undefined && { stop: [...stop] }),
    ...(seed !== undefined && { seed }),
    ...(presencePenalty !== undefined && { presence_penalty: presencePenalty }),
    ...(frequencyPenalty !== undefined && { frequency_penalty: frequencyPenalty }),
  };
  const offered = wish?.toolChoice === "none" ? [] : offeredTools(tools, wish);
  return {
    model,
    messages: messages.map(toWire),
    options,
    ...(abilities.has("tools") && offered.length > 0 && { tools: offered.map(toTool) }),
    ...(abilities.has("reasoning") && { think: true }),
    ...(output !== undefined && { format: output.schema }),
    ...(wish !== undefined && toWishes(wish)),
    stream: true,
  };
}

function toTool({ name, description, params }: ToolSpec): Tool {
  return { type: "function", function: { name, description, parameters: params as object } };
}

/** Results are matched by the tool's name and by order. */
function toWire(message: Message): OllamaMessage {
  switch (message.role) {
    case "system":
      return { role: "system", content: message.text };
    case "user": {
      const images = partsOf(message).flatMap((part) => (part.type === "image" ? [part.base64] : []));
      return { role: "user", content: message.text, ...(images.length > 0 && { images }) };
    }
    case "tool":
      return { role: "tool", content: message.text, tool_name: message.name };
    case "assistant": {
      const calls = message.toolCalls.map((call) => ({
        function: { name: call.name, arguments: argumentsObject(call) },
      }));
      return { role: "assistant", content: message.text, ...(calls.length > 0 && { tool_calls: calls }) };
    }
  }
}
