// Finds who answers a client's own request: the model it names and the fallbacks behind it, or what routing decides by
// the client's own words and tools. A link that cannot honour the whole request is none of them.

import { requestOf } from "../brain/passage.ts";
import { type Agent, plainAgent } from "../domain/agent.ts";
import type { Passage } from "../domain/passage.ts";
import type { ClaimedTask, Outcome } from "../domain/task.ts";
import type { Lack } from "../providers/provider.ts";
import {
  directChain,
  findWay,
  type Routing,
  type Way,
  type WayPorts,
  type Words,
  wayOf,
} from "./route-task.ts";

export async function findPassageWay(
  ports: WayPorts,
  task: ClaimedTask,
  passage: Passage,
  agent: Agent,
  signal: AbortSignal,
): Promise<Way | { readonly outcome: Outcome }> {
  const { link } = passage;
  const plain = plainAgent(agent);
  if (link !== null)
    return wayOf(ports.routing, { ...plain, ...link }, directChain(ports.routing, link, link.model));
  return findWay(ports, task, plain, signal, () => wordsOf(passage));
}

function wordsOf(passage: Passage): Words {
  const { messages, tools } = passage;
  const userMessages = messages.flatMap((message) => (message.role === "user" ? [message.text] : []));
  return { hasTools: tools.length > 0, userMessages, asked: requestOf(passage, "") };
}

/** What of a request neither the named model nor a fallback behind it can honour; undefined when one can. */
export function lackOfPassage(routing: Routing, passage: Passage): Lack | undefined {
  const { link } = passage;
  if (link === null) return undefined;
  const provider = routing.openChain(directChain(routing, link, link.model));
  return provider?.lackOf?.(requestOf(passage, link.model));
}
