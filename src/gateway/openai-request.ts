// Reads a chat completion request for an agent. What cannot be honoured is refused by name, never ignored: an agent
// has its own tools, answers once, and streams or does not.

import { Ajv } from "ajv";
import { OUTPUT_NAME_PATTERN } from "../domain/output.ts";
import type { Sampling } from "../domain/task.ts";
import type { SubmitParams } from "../rpc/methods/submit.ts";
import { ParamError } from "./errors.ts";

export interface ChatRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly submit: SubmitParams;
}

const MAX_MESSAGES = 2_000;

const textPart = {
  type: "object",
  properties: { type: { const: "text" }, text: { type: "string" } },
  required: ["type", "text"],
  additionalProperties: false,
};

const content = { anyOf: [{ type: "string" }, { type: "array", items: textPart, minItems: 1 }] };

const jsonSchema = {
  type: "object",
  properties: {
    name: { type: "string", pattern: OUTPUT_NAME_PATTERN.source },
    description: { type: "string", nullable: true },
    schema: { type: "object" },
    // Every answer is held against the schema, whatever is asked for here.
    strict: { type: "boolean", nullable: true },
  },
  required: ["name", "schema"],
  additionalProperties: false,
};

/** Everything an agent can honour; null counts as absent, as OpenAI's clients send it. */
const BODY_SCHEMA = {
  type: "object",
  properties: {
    model: { type: "string", minLength: 1 },
    messages: {
      type: "array",
      minItems: 1,
      maxItems: MAX_MESSAGES,
      items: {
        type: "object",
        properties: {
          role: { enum: ["system", "developer", "user", "assistant"] },
          content,
          name: { type: "string" },
        },
        required: ["role", "content"],
        additionalProperties: false,
      },
    },
    stream: { type: "boolean", nullable: true },
    stream_options: {
      type: "object",
      nullable: true,
      properties: { include_usage: { type: "boolean" }, include_obfuscation: { const: false } },
      additionalProperties: false,
    },
    temperature: { type: "number", nullable: true, minimum: 0, maximum: 2 },
    top_p: { type: "number", nullable: true, minimum: 0, maximum: 1 },
    max_tokens: { type: "integer", nullable: true, minimum: 1, maximum: 10_000_000 },
    max_completion_tokens: { type: "integer", nullable: true, minimum: 1, maximum: 10_000_000 },
    stop: {
      anyOf: [
        { type: "string" },
        { type: "null" },
        { type: "array", items: { type: "string" }, maxItems: 16 },
      ],
    },
    seed: { type: "integer", nullable: true },
    presence_penalty: { type: "number", nullable: true, minimum: -2, maximum: 2 },
    frequency_penalty: { type: "number", nullable: true, minimum: -2, maximum: 2 },
    n: { const: 1 },
    user: { type: "string", maxLength: 255 },
    response_format: {
      type: "object",
      properties: { type: { enum: ["text", "json_object", "json_schema"] }, json_schema: jsonSchema },
      required: ["type"],
      additionalProperties: false,
    },
  },
  required: ["model", "messages"],
  additionalProperties: false,
} as const;

type Content = string | readonly { readonly text: string }[];

interface Body {
  readonly model: string;
  readonly messages: readonly {
    readonly role: "system" | "developer" | "user" | "assistant";
    readonly content: Content;
  }[];
  readonly stream?: boolean | null;
  readonly stream_options?: { readonly include_usage?: boolean } | null;
  readonly temperature?: number | null;
  readonly top_p?: number | null;
  readonly max_tokens?: number | null;
  readonly max_completion_tokens?: number | null;
  readonly stop?: string | readonly string[] | null;
  readonly seed?: number | null;
  readonly presence_penalty?: number | null;
  readonly frequency_penalty?: number | null;
  readonly response_format?: {
    readonly type: "text" | "json_object" | "json_schema";
    readonly json_schema?: {
      readonly name: string;
      readonly description?: string | null;
      readonly schema: Readonly<Record<string, unknown>>;
    };
  };
}

const validate = lazily(() => new Ajv({ allowUnionTypes: true }).compile(BODY_SCHEMA));

/** Throws ParamError (400, `param` names the field). */
export function readChatRequest(value: unknown): ChatRequest {
  const check = validate();
  if (!check(value)) {
    const [error] = check.errors ?? [];
    const extra = (error?.params as { additionalProperty?: string } | undefined)?.additionalProperty;
    const path = (error?.instancePath ?? "").slice(1).replaceAll("/", ".");
    const param = [path, extra].filter(Boolean).join(".");
    const why = extra === undefined ? (error?.message ?? "is not valid") : "cannot be honoured for an agent";
    throw new ParamError(param, `${param || "the body"}: ${why}`);
  }
  const body = value as Body;
  const last = body.messages.at(-1);
  if (last?.role !== "user")
    throw new ParamError("messages", "messages: the last message must have the role user");
  const history = body.messages.slice(0, -1).map((message) => ({
    role: message.role === "developer" ? ("system" as const) : message.role,
    text: textOf(message.content),
  }));
  return {
    model: body.model,
    stream: body.stream === true,
    includeUsage: body.stream_options?.include_usage === true,
    submit: {
      agent: agentOf(body.model),
      prompt: textOf(last.content),
      ...(history.length === 0 ? {} : { history }),
      sampling: samplingOf(body),
      ...schemaOf(body),
    },
  };
}

/** `goclaw` and `goclaw-v1` are the default agent, `agent:<id>` any; other names are an unknown model. */
export function agentOf(model: string): string {
  if (model === "goclaw" || model === "goclaw-v1") return "default";
  return model.startsWith("agent:") ? model.slice("agent:".length) : "";
}

function samplingOf(body: Body): Sampling {
  const maxTokens = body.max_completion_tokens ?? body.max_tokens;
  const stop = typeof body.stop === "string" ? [body.stop] : body.stop;
  return {
    ...(body.temperature == null ? {} : { temperature: body.temperature }),
    ...(body.top_p == null ? {} : { topP: body.top_p }),
    ...(maxTokens == null ? {} : { maxTokens }),
    ...(stop == null ? {} : { stop }),
    ...(body.seed == null ? {} : { seed: body.seed }),
    ...(body.presence_penalty == null ? {} : { presencePenalty: body.presence_penalty }),
    ...(body.frequency_penalty == null ? {} : { frequencyPenalty: body.frequency_penalty }),
  };
}

/** A JSON object is the loosest schema there is for one. */
function schemaOf({ response_format: format }: Body): Pick<SubmitParams, "schema" | "schema_name"> {
  if (format === undefined || format.type === "text") return {};
  if (format.type === "json_object") return { schema: { type: "object" } };
  const given = format.json_schema;
  if (given === undefined) {
    throw new ParamError("response_format.json_schema", "response_format.json_schema: the schema is missing");
  }
  const note = given.description == null ? {} : { description: given.description };
  return { schema: { ...note, ...given.schema }, schema_name: given.name };
}

function textOf(value: Content): string {
  return typeof value === "string" ? value : value.map(({ text }) => text).join("");
}

function lazily<Value>(make: () => Value): () => Value {
  let value: Value | undefined;
  return () => {
    value ??= make();
    return value;
  };
}
