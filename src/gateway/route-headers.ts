// Headers that have to do with routing: those of a request that rules ask for, and those of a response that say who
// answers and why. What stands in a header is visible ASCII, whatever the names in the configuration are.

import type { FastifyRequest } from "fastify";
import type { DurableEvent } from "../domain/event.ts";
import type { RouteLink } from "../domain/route.ts";

const VALUE_CHARS = 200;

/** The params of `task.submit` for the headers that rules look at; none when the request has none of them. */
export function wantedHeaders(
  names: readonly string[],
  request: FastifyRequest,
): { readonly headers?: Readonly<Record<string, string>> } {
  const found = names.flatMap((name) => {
    const value = request.headers[name];
    return value === undefined ? [] : [[name, String(value).slice(0, VALUE_CHARS)]];
  });
  return found.length === 0 ? {} : { headers: Object.fromEntries(found) as Record<string, string> };
}

export interface Answerer {
  /** Takes notice of who was chosen, who took over, and who answered. */
  observe(event: DurableEvent): void;
  /** The headers of the response as far as they are known. */
  headers(): Record<string, string>;
}

/** Null when a chain is chosen for the task: until then nobody can say who answers. */
export function createAnswerer(
  taskId: string,
  direct: (RouteLink & { readonly rule: string }) | null,
): Answerer {
  let told: Record<"provider" | "model" | "layer" | "rule", string> | undefined =
    direct === null
      ? undefined
      : { provider: direct.provider, model: direct.model, layer: "direct", rule: direct.rule };
  return {
    observe: ({ type, payload }) => {
      if (type === "route.decided") {
        const { provider, model, layer, rule } = payload;
        told = {
          ...{ provider: String(provider), model: String(model) },
          ...{ layer: String(layer), rule: String(rule) },
        };
      } else if (type === "model.seam" && told !== undefined) {
        told = { ...told, ...linkOf(String(payload.to)) };
      } else if (type === "model.end" && told !== undefined && payload.provider !== told.provider) {
        told = { ...told, provider: String(payload.provider), model: String(payload.model) };
      }
    },
    headers: () => {
      const known = told ?? { layer: "pending" };
      const named = Object.entries(known).map(([name, value]) => [`x-goclaw-${name}`, visible(value)]);
      return { "x-goclaw-task": taskId, ...(Object.fromEntries(named) as Record<string, string>) };
    },
  };
}

function linkOf(id: string): { readonly provider: string; readonly model: string } {
  const slash = id.indexOf("/");
  return { provider: id.slice(0, slash), model: id.slice(slash + 1) };
}

function visible(value: string): string {
  return value
    .replace(/[^\x20-\x7e]/g, "?")
    .slice(0, VALUE_CHARS)
    .trim();
}
