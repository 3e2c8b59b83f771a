// `task.submit`: takes a prompt in. Chat completions, REST and the command line all submit through it.

import { createHash } from "node:crypto";
import type { Agent } from "../../domain/agent.ts";
import { GoclawError } from "../../domain/error.ts";
import { UUID_PATTERN } from "../../domain/ids.ts";
import { OUTPUT_NAME, OUTPUT_NAME_PATTERN, OUTPUT_RETRIES, type OutputSpec } from "../../domain/output.ts";
import type { Passage } from "../../domain/passage.ts";
import { AUTO, tierWordOf } from "../../domain/route.ts";
import { PRIORITY, type Sampling, type TaskKind } from "../../domain/task.ts";
import { recordAudit } from "../../policy/audit.ts";
import { type Enqueued, type EnqueueInput, enqueue } from "../../queue/enqueue.ts";
import type { Reader } from "../../store/reader.ts";
import { findSession, type Session } from "../../store/sessions.ts";
import { requireAgent, requireScope, requireSession } from "../key-scope.ts";
import { type Caller, defineMethod, paramsOf, type RpcPorts } from "../method.ts";

export interface SubmitParams {
  readonly agent?: string;
  readonly prompt: string;
  readonly session_id?: string;
  readonly priority?: number;
  readonly max_attempts?: number;
  readonly model?: string;
  readonly idempotency_key?: string;
  readonly history?: readonly { readonly role: "system" | "user" | "assistant"; readonly text: string }[];
  readonly sampling?: Sampling;
  /** A JSON Schema (2020-12) that the answer must fit; without one the agent's own holds. */
  readonly schema?: Readonly<Record<string, unknown>>;
  readonly schema_name?: string;
  /** The client's own request, which goes to a model as it is, without the agent's words and tools. */
  readonly passage?: Passage;
  /** Headers that rules of routing ask for, by lower-case name; they are no part of what an idempotency key stands for. */
  readonly headers?: Readonly<Record<string, string>>;
}

const KEY_MAX_CHARS = 255;

/** What a client needs to use a model as it is. */
const PASS_THROUGH = "llm.passthrough";
/** Fields for callers inside goclaw; `task.submit` does not take them from a client. */
export const INNER_FIELDS = ["history", "sampling", "schema_name", "passage", "headers"] as const;

export const submit = defineMethod<SubmitParams, Enqueued>({
  name: "task.submit",
  capability: "acp.mutate",
  params: paramsOf(
    {
      agent: { type: "string" },
      prompt: { type: "string" },
      session_id: { type: "string", pattern: UUID_PATTERN.source },
      priority: { type: "integer", minimum: PRIORITY.min, maximum: PRIORITY.max },
      max_attempts: { type: "integer", minimum: 1, maximum: 100 },
      model: { type: "string", minLength: 1, maxLength: 200 },
      idempotency_key: { type: "string", minLength: 1, maxLength: KEY_MAX_CHARS },
      history: {
        type: "array",
        items: paramsOf({ role: { enum: ["system", "user", "assistant"] }, text: { type: "string" } }, [
          "role",
          "text",
        ]),
      },
      sampling: { type: "object" },
      schema: { type: "object" },
      schema_name: { type: "string", pattern: OUTPUT_NAME_PATTERN.source },
      passage: { type: "object" },
      headers: { type: "object", additionalProperties: { type: "string" } },
    },
    ["prompt"],
  ),
  forKey: ({ store }, params, key) => {
    requireAgent(key, params.agent ?? "default");
    if (params.session_id !== undefined) requireSession(store.reader, key, params.session_id);
    if (params.passage !== undefined) {
      requireScope(key, `model ${params.model ?? AUTO}`, PASS_THROUGH);
      return params;
    }
    // The soul is the owner's; whoever holds a key speaks as a user, whatever they call it.
    const history = params.history?.map(({ role, text }) => ({
      role: role === "system" ? ("user" as const) : role,
      text,
    }));
    return history === undefined ? params : { ...params, history };
  },
  run: async (ports, params, caller) => {
    if (params.passage !== undefined) return sendPassThrough(ports, params, caller);
    if (params.prompt.trim() === "")
      throw new GoclawError("BAD_REQUEST", "the prompt is empty; say what is to be done");
    const { session_id } = params;
    // The words of a user in a conversation; without one there is nothing to make shorter.
    if (params.prompt.trim() !== COMPACT_PROMPT || session_id === undefined)
      return send(ports, params, caller);
    return sendCompaction(ports, { ...params, session_id }, caller);
  },
});

/** The client's own conversation: the policy is asked beside what it says about submitting. */
async function sendPassThrough(ports: RpcPorts, params: SubmitParams, caller: Caller): Promise<Enqueued> {
  const { principal, traceId } = caller;
  const asked = { principal, traceId, taskId: null, agentId: null };
  const resource = `task.submit ${params.model ?? AUTO}`;
  const record = await ports.guard.permit({ ...asked, capability: PASS_THROUGH, resource });
  const audited = ports.store.run(recordAudit, record);
  const [enqueued] = await Promise.all([send(ports, params, caller, "passthrough"), audited]);
  return enqueued;
}

/** What a user types, and what stands as the prompt of a compaction. */
export const COMPACT_PROMPT = "/compact";

/** A task that makes a session shorter; the session's own agent does it unless another is named. */
export function sendCompaction(
  ports: RpcPorts,
  params: Omit<SubmitParams, "prompt" | "session_id"> & { readonly session_id: string },
  caller: Caller,
): Promise<Enqueued> {
  const { agentId } = requireSessionRow(ports.store.reader, params.session_id);
  return send(ports, { agent: agentId, ...params, prompt: COMPACT_PROMPT }, caller, "compact");
}

export function requireSessionRow(reader: Reader, id: string): Session {
  const session = findSession(reader, id);
  if (session !== undefined) return session;
  throw new GoclawError(
    "SESSION_NOT_FOUND",
    `there is no session ${JSON.stringify(id)}; goclaw session list shows them`,
  );
}

export async function send(
  ports: RpcPorts,
  params: SubmitParams,
  caller: Caller,
  kind: TaskKind = "chat",
): Promise<Enqueued> {
  if (ports.isDraining()) {
    throw new GoclawError("SHUTTING_DOWN", "the daemon is stopping; submit again when it is back", {
      retryAfterSeconds: 2,
    });
  }
  const agent = findAgent(ports, params.agent ?? "default");
  if (params.model !== undefined) checkModelWish(ports, params.model);
  if (params.schema !== undefined) await checkSchema(ports, params.schema);
  const enqueued = ports.store.run(enqueue, {
    id: ports.newId(),
    sessionId: params.session_id ?? ports.newId(),
    agentId: agent.id,
    kind,
    prompt: params.prompt,
    ...(params.history === undefined ? {} : { history: params.history }),
    priority: params.priority ?? PRIORITY.default,
    maxAttempts: params.max_attempts ?? ports.limits.maxAttempts,
    maxQueueDepth: agent.maxQueueDepth,
    model: params.model ?? null,
    sampling: params.sampling ?? {},
    output: kind === "compact" ? null : outputOf(params, agent),
    parentId: null,
    keyId: caller.key?.id ?? null,
    traceId: caller.traceId,
    ...(params.headers === undefined ? {} : { routeHeaders: params.headers }),
    ...(params.passage === undefined ? {} : { passage: JSON.stringify(params.passage) }),
    idempotency: idempotencyOf(params, caller),
  });
  ports.onSubmitting();
  return enqueued;
}

/** Two API keys that happen to choose the same idempotency key do not meet in one task. */
function idempotencyOf(params: SubmitParams, { key }: Caller): EnqueueInput["idempotency"] {
  const { idempotency_key: given } = params;
  if (given === undefined) return null;
  return { key: key === undefined ? given : `${key.id}/${given}`, digest: digestOf(params) };
}

async function checkSchema(ports: RpcPorts, schema: Readonly<Record<string, unknown>>): Promise<void> {
  const fault = await ports.schemaFault(schema);
  if (fault === undefined) return;
  throw new GoclawError("BAD_REQUEST", `schema: this is no JSON Schema that can be used: ${fault}`);
}

/** The task's own schema, else the agent's; both were compiled before. */
function outputOf(params: SubmitParams, { output = null, outputRetries }: Agent): OutputSpec | null {
  const { schema, schema_name: name = OUTPUT_NAME, passage } = params;
  const own = passage === undefined ? output : null;
  return schema === undefined ? own : { name, schema, maxRetries: outputRetries ?? OUTPUT_RETRIES };
}

/** `auto` and `tier:NAME` must lead somewhere; any other name is the provider's business. */
export function checkModelWish({ routes }: RpcPorts, model: string): void {
  if ((model !== AUTO && tierWordOf(model) === undefined) || routes.takes(model)) return;
  const names = routes.names;
  const there = names.length === 0 ? "config.yaml has no llm.tiers" : `there are: ${names.join(", ")}`;
  throw new GoclawError("MODEL_NOT_FOUND", `there is no ${JSON.stringify(model)}; ${there}`);
}

export function findAgent(ports: RpcPorts, id: string): RpcPorts["agents"][number] {
  const agent = ports.agents.find((candidate) => candidate.id === id);
  if (agent !== undefined) return agent;
  const known = ports.agents.map((candidate) => candidate.id).join(", ");
  throw new GoclawError("AGENT_NOT_FOUND", `there is no agent ${JSON.stringify(id)}; there are: ${known}`);
}

/** Same key and same body is the same task: the order of the fields does not matter. */
function digestOf(params: SubmitParams): string {
  const fields = Object.entries(params)
    .filter(([name, value]) => value !== undefined && name !== "headers")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(fields)).digest("hex");
}
