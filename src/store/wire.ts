// The messages between the main thread and the writer thread. Calls and results correspond by position: the writer
// answers in the order it was asked, so neither side needs ids.

import type { Code } from "../domain/error.ts";
import type { DurableEvent } from "../domain/event.ts";

export interface Call {
  readonly verb: string;
  readonly input: unknown;
}

export type CallResult =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly code: Code;
      readonly message: string;
      readonly retryAfterSeconds?: number;
    };

export type ToWriter =
  | { readonly type: "calls"; readonly calls: readonly Call[] }
  /** The main loop is alive: leases may be renewed. */
  | { readonly type: "pulse" }
  | { readonly type: "close" };

export type FromWriter =
  | { readonly type: "ready"; readonly migrated: number; readonly openMs: number }
  | { readonly type: "refused"; readonly code: Code; readonly message: string }
  | {
      readonly type: "committed";
      readonly results: readonly CallResult[];
      readonly events: readonly DurableEvent[];
    }
  | { readonly type: "health"; readonly fault: Code | null; readonly why: string }
  | { readonly type: "defect"; readonly verb: string; readonly message: string; readonly stack: string }
  | { readonly type: "closed" };
