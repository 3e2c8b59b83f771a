// What an operation is: one definition that every surface calls. A method without a capability does not type-check.

import type { Agent } from "../domain/agent.ts";
import type { BASE_CAPABILITIES } from "../domain/capability.ts";
import type { KeyGrant } from "../domain/key.ts";
import type { McpDesk } from "../domain/mcp.ts";
import type { ToolSpec } from "../domain/message.ts";
import type { ModelRow } from "../engine/model-list.ts";
import type { RouteTable } from "../engine/route-table.ts";
import type { Guard } from "../policy/guard.ts";
import type { Store } from "../store/store.ts";

/** Who calls, and what the calls of one request share. */
export interface Caller {
  /** `token` (the home's bearer token) or `key:<id>`. */
  readonly principal: string;
  /** What an API key narrows the call to; absent for the home's own token. */
  readonly key?: KeyGrant;
  readonly traceId: string;
}

export interface RpcPorts {
  readonly store: Store;
  readonly guard: Guard;
  readonly agents: readonly Agent[];
  readonly mcp: McpDesk;
  /** What outside MCP clients may use; `agents` null is every agent. */
  readonly served: {
    readonly agents: readonly string[] | null;
    readonly tools: () => readonly ToolSpec[];
  };
  readonly version: string;
  /** The models of configured providers, or of all. */
  readonly modelRows: (all: boolean) => readonly ModelRow[];
  readonly routes: RouteTable;
  readonly newId: () => string;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly nowMs: () => number;
  /** Takes secrets out of a text. */
  readonly redact: (text: string) => string;
  readonly limits: { readonly maxAttempts: number };
  /** Why a JSON Schema cannot be used; undefined when it can. */
  readonly schemaFault: (schema: Readonly<Record<string, unknown>>) => Promise<string | undefined>;
  /** Told when schedules have changed. */
  readonly onScheduled: () => void;
  /** Why a JSON Schema is none; undefined when it is one, whether it can be used or not. */
  readonly shapeFault: (schema: Readonly<Record<string, unknown>>) => Promise<string | undefined>;
  /** Told in the turn in which a task is sent to the queue, before it is there. */
  readonly onSubmitting: () => void;
  /** How the daemon and its parts are. */
  readonly status: () => Readonly<Record<string, unknown>>;
  /** True once the daemon takes no new work. */
  readonly isDraining: () => boolean;
}

/** What is known of a method before its parameters are. */
export interface Operation {
  readonly name: string;
  readonly capability: (typeof BASE_CAPABILITIES)[number];
  readonly forKey?: unknown;
}

export interface Method<Params, Result> extends Operation {
  /** JSON Schema of the params object; unknown fields are refused. */
  readonly params: Readonly<Record<string, unknown>>;
  /**
   * What a caller with an API key may ask: the parameters, narrowed to the key's agents, or KEY_DENIED. A method without
   * it is closed to API keys.
   */
  readonly forKey?: (ports: RpcPorts, params: Params, key: KeyGrant) => Params;
  /** What a call is about, for the audit, beside the method's name. */
  readonly subject?: (params: Params) => string;
  readonly run: (ports: RpcPorts, params: Params, caller: Caller) => Promise<Result>;
}

export function defineMethod<Params, Result>(method: Method<Params, Result>): Method<Params, Result> {
  return method;
}

/** Builds the schema of a params object. */
export function paramsOf(
  properties: Readonly<Record<string, unknown>>,
  required: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  return { type: "object", properties, required, additionalProperties: false };
}
