// A provider around a provider that holds a request against what its model is known to be able to do: what the model
// lacks it is not asked for. Of a model that nobody knows anything about everything is asked.

import type { Ability } from "../domain/model.ts";
import { partsOf } from "./needs.ts";
import { failure, type Lack, type ModelRequest, type Provider } from "./provider.ts";

/** All that a model can do; undefined when unknown. */
export type AbilitiesOf = (model: string) => readonly Ability[] | undefined;

export function heldToAbilities(provider: Provider, abilitiesOf: AbilitiesOf): Provider {
  const lackOfModel = (request: ModelRequest): Lack | undefined => {
    const abilities = abilitiesOf(request.model);
    return abilities && lackFor(provider.id, abilities, request);
  };
  return {
    ...provider,
    lackOf: (request) => provider.lackOf?.(request) ?? lackOfModel(request),
    stream: (request, signal) => {
      const lack = lackOfModel(request);
      if (lack !== undefined) return refuse(lack);
      return provider.stream(withoutMode(request, abilitiesOf(request.model)), signal);
    },
  };
}

async function* refuse({ message }: Lack) {
  yield failure("unsupported", message);
}

/** The answer is held against its schema in any case, and the model is told it in words. */
function withoutMode(
  { output, ...plain }: ModelRequest,
  abilities: readonly Ability[] | undefined,
): ModelRequest {
  if (output === undefined || abilities?.includes("json_schema") === false) return plain;
  return { ...plain, output };
}

const WORDS: Record<Ability, string> = {
  tools: "cannot use tools",
  images: "cannot see images",
  reasoning: "does not reason",
  json_schema: "cannot hold its answer to a schema",
};

interface Wanted {
  readonly ability: Ability;
  /** Its place in a client's own request. */
  readonly param: string;
  /** What to do instead of naming another model. */
  readonly instead: string;
}

function lackFor(id: string, abilities: readonly Ability[], request: ModelRequest): Lack | undefined {
  const lack = wantedBy(request).find(({ ability }) => !abilities.includes(ability));
  if (lack === undefined) return undefined;
  const { ability, param, instead } = lack;
  const message =
    `${id} (${request.model}) ${WORDS[ability]}: ${instead}, or name another model; ` +
    "if it can after all, models[].abilities in config.yaml says so";
  return { param, message: request.wish === undefined ? message : `${param}: ${message}` };
}

function wantedBy({ messages, tools, wish }: ModelRequest): Wanted[] {
  const usedTools = messages.findIndex(
    (message) => message.role === "tool" || (message.role === "assistant" && message.toolCalls.length > 0),
  );
  const wanted: Wanted[] = [];
  if (tools.length > 0) {
    const instead = wish === undefined ? "give the agent no tools (tools: [])" : "leave tools out";
    wanted.push({ ability: "tools", param: "tools", instead });
  } else if (usedTools >= 0) {
    const param = `messages.${usedTools}`;
    wanted.push({ ability: "tools", param, instead: "begin a conversation that has used none" });
  }
  const image = placeOfImage(messages);
  if (image !== undefined) wanted.push({ ability: "images", param: image, instead: "leave the image out" });
  const effort = wish?.fields.reasoning_effort;
  if (effort !== undefined && effort !== "none")
    wanted.push({ ability: "reasoning", param: "reasoning_effort", instead: "leave reasoning_effort out" });
  if (wish?.format?.type === "json_schema")
    wanted.push({ ability: "json_schema", param: "response_format", instead: "leave response_format out" });
  return wanted;
}

function placeOfImage(messages: ModelRequest["messages"]): string | undefined {
  for (const [index, message] of messages.entries()) {
    if (message.role !== "user") continue;
    const place = partsOf(message).findIndex(({ type }) => type !== "text");
    if (place >= 0) return `messages.${index}.content.${place}`;
  }
  return undefined;
}
