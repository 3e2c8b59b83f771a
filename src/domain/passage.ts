// A client's own request to a model, passed through without an agent: its conversation, its tools, and what it wishes
// for beside them. Whatever a model's provider cannot honour of it is refused, never left out.

import type { Message, ToolSpec } from "./message.ts";
import type { RouteLink } from "./route.ts";
import type { Sampling } from "./task.ts";

export interface Passage {
  /** Who is asked first; null when routing chooses. */
  readonly link: RouteLink | null;
  readonly messages: readonly Message[];
  readonly tools: readonly ToolSpec[];
  readonly sampling: Sampling;
  readonly wish: Wish;
}

export interface Wish {
  readonly toolChoice?: ToolChoice;
  readonly format?: AnswerFormat;
  /** Fields of OpenAI's chat completions that have no name of their own here: as they came, by their names there. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export type ToolChoice =
  | "auto"
  | "none"
  | "required"
  | { readonly name: string }
  | { readonly allowed: readonly string[]; readonly mode: "auto" | "required" };

export type AnswerFormat =
  | { readonly type: "json_object" }
  | {
      readonly type: "json_schema";
      readonly name: string;
      readonly description?: string;
      readonly schema: Readonly<Record<string, unknown>>;
      readonly strict?: boolean;
    };

/** How many run beside the lanes of agents: each waits for a vendor and for nothing else. */
export const PASSAGE_LANES = 128;
