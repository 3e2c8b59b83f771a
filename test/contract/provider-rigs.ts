// How each registered provider type is made to give a wanted answer. A type without a rig does not type-check, so no
// provider can be added without passing the suite.

import type { Cassette } from "../../src/domain/cassette.ts";
import { openProvider, type ProviderSettings } from "../../src/providers/index.ts";
import type { ErrorClass, ModelRequest, Part, Provider } from "../../src/providers/provider.ts";
import { parseCassette } from "../../src/providers/replay.ts";
import { responses } from "../support/vendors/responses.ts";
import {
  chunk,
  DONE,
  type ModelServer,
  startModelServer,
  stream,
  trickle,
  usageChunk,
} from "./model-server.ts";

export interface WantedCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface Wanted {
  readonly text: string;
  readonly calls?: readonly WantedCall[];
  readonly usage?: { readonly input: number; readonly output: number };
}

export interface ProviderRig {
  /** A provider that gives this answer; `bytes` cuts what travels into pieces of so many bytes. */
  giving(wanted: Wanted, bytes?: number): Provider;
  close(): Promise<void>;
}

/** The vendors with wire formats of their own are in test/contract/vendors, against servers that speak them. */
export type ProviderType = Exclude<ProviderSettings["type"], "anthropic" | "google" | "ollama">;
export type RigName = ProviderType | "responses";

export const RIGS: Readonly<Record<RigName, () => Promise<ProviderRig>>> = {
  openai_compatible: async () => {
    const server = await startModelServer();
    return {
      giving: (wanted, bytes) => {
        const wire = toWire(wanted);
        server.play(bytes === undefined ? stream(wire) : trickle(wire, bytes));
        return openAt(server);
      },
      close: () => server.close(),
    };
  },
  responses: async () => {
    const server = await startModelServer();
    return {
      giving: ({ text, calls = [], usage }, bytes) => {
        const wire = responses.events({
          text: text === "" ? [] : [text.slice(0, 1), text.slice(1)],
          calls: calls.map(({ name, args }) => ({ name, args: JSON.stringify(args) })),
          stop: calls.length > 0 ? "tool_calls" : "stop",
          ...(usage && { usage: { ...usage, cached: 0, cacheWrite: 0, reasoning: 0 } }),
        });
        server.play(bytes === undefined ? stream(wire.join("")) : trickle(wire.join(""), bytes));
        return openAt(server, 5_000, { api: "responses" });
      },
      close: () => server.close(),
    };
  },
  replay: async () => ({
    giving: (wanted) => openReplay(parseCassette(JSON.stringify(toCassette(wanted)), "rig.json")),
    close: async () => {},
  }),
};

export function openAt(
  server: Pick<ModelServer, "baseUrl">,
  timeoutMs = 5_000,
  own: Pick<ProviderSettings, "api"> = {},
): Provider {
  const settings = { id: "lab", type: "openai_compatible", apiKey: "key-of-the-lab" } as const;
  const more = { missingReason: undefined, baseUrl: server.baseUrl, timeoutMs, ...own };
  return openProvider({ ...settings, ...more }, { loadCassette: () => undefined });
}

export function openReplay(cassette: Cassette | undefined): Provider {
  const settings = { id: "replay", type: "replay", apiKey: undefined, missingReason: undefined } as const;
  return openProvider(
    { ...settings, baseUrl: undefined, timeoutMs: 5_000 },
    { loadCassette: () => cassette },
  );
}

function toWire({ text, calls = [], usage }: Wanted): string {
  const half = Math.ceil(text.length / 2);
  const pieces = [text.slice(0, half), text.slice(half)].filter(Boolean);
  const starts = calls.map(({ name }, index) => ({
    index,
    id: `call_${index}`,
    function: { name, arguments: "" },
  }));
  // Arguments of parallel calls come interleaved, in pieces.
  const halves = [0, 1].flatMap((part) =>
    calls.map(({ args }, index) => {
      const json = JSON.stringify(args);
      const cut = Math.ceil(json.length / 2);
      return { index, function: { arguments: part === 0 ? json.slice(0, cut) : json.slice(cut) } };
    }),
  );
  return [
    chunk({ role: "assistant", content: "" }),
    ...pieces.map((content) => chunk({ content })),
    ...[...starts, ...halves].map((call) => chunk({ tool_calls: [call] })),
    chunk({}, calls.length > 0 ? "tool_calls" : "stop"),
    ...(usage === undefined
      ? []
      : [usageChunk({ prompt_tokens: usage.input, completion_tokens: usage.output, total_tokens: 0 })]),
    DONE,
  ].join("");
}

function toCassette({ text, calls = [], usage }: Wanted): Cassette {
  const entry = {
    turn: 0,
    ...(text === "" ? {} : { text }),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(({ name, args }) => ({ name, arguments: args })) }),
    ...(usage === undefined ? {} : { usage: { input_tokens: usage.input, output_tokens: usage.output } }),
  };
  return { cassette: 1, entries: [entry] };
}

export const REQUEST: ModelRequest = {
  model: "m",
  messages: [{ role: "user", text: "hello" }],
  tools: [],
  sampling: {},
};

/** Every part of a stream; a stream that throws has broken its promise, and so has this. */
export async function partsOf(
  provider: Provider,
  request: ModelRequest = REQUEST,
  signal: AbortSignal = new AbortController().signal,
): Promise<Part[]> {
  const parts: Part[] = [];
  for await (const part of provider.stream(request, signal)) parts.push(part);
  return parts;
}

export function textOf(parts: readonly Part[]): string {
  return parts.map((part) => (part.type === "text.delta" ? part.text : "")).join("");
}

/** What is wrong with the shape of a stream; empty when it ends with exactly one end or error. */
export function shapeFaults(parts: readonly Part[]): string[] {
  const ends = parts.filter(({ type }) => type === "end" || type === "error");
  const last = parts.at(-1)?.type;
  const faults = ends.length === 1 ? [] : [`${ends.length} ends`];
  if (last !== "end" && last !== "error") faults.push(`the last part is ${last}`);
  const begun = new Set<number>();
  for (const part of parts) {
    if (part.type === "tool.start" && begun.has(part.index)) faults.push(`call ${part.index} starts twice`);
    if (part.type === "tool.start") begun.add(part.index);
    if (part.type === "tool.delta" && !begun.has(part.index))
      faults.push(`call ${part.index} was not started`);
  }
  return faults;
}

export function errorOf(
  parts: readonly Part[],
): { errorClass: ErrorClass; message: string; afterMs: number } | undefined {
  const last = parts.at(-1);
  return last?.type === "error" ? last : undefined;
}
