// Fields that requests to an agent and to a model have in common, as JSON Schema and as what they mean here, and the
// words for a body that does not fit.

import type { ErrorObject } from "ajv";
import { OUTPUT_NAME_PATTERN } from "../domain/output.ts";
import type { Sampling } from "../domain/task.ts";
import { ParamError } from "./errors.ts";

export const MAX_MESSAGES = 2_000;

export const textPart = {
  type: "object",
  properties: { type: { const: "text" }, text: { type: "string" } },
  required: ["type", "text"],
  additionalProperties: false,
};

/** Null counts as absent, as OpenAI's clients send it. */
export const STREAM_FIELDS = {
  stream: { type: "boolean", nullable: true },
  stream_options: {
    type: "object",
    nullable: true,
    properties: { include_usage: { type: "boolean" }, include_obfuscation: { const: false } },
    additionalProperties: false,
  },
};

const penalty = { type: "number", nullable: true, minimum: -2, maximum: 2 };
const tokens = { type: "integer", nullable: true, minimum: 1, maximum: 10_000_000 };

export const SAMPLING_FIELDS = {
  temperature: { type: "number", nullable: true, minimum: 0, maximum: 2 },
  top_p: { type: "number", nullable: true, minimum: 0, maximum: 1 },
  max_tokens: tokens,
  max_completion_tokens: tokens,
  stop: {
    anyOf: [{ type: "string" }, { type: "null" }, { type: "array", items: { type: "string" }, maxItems: 16 }],
  },
  seed: { type: "integer", nullable: true },
  presence_penalty: penalty,
  frequency_penalty: penalty,
};

export const responseFormat = {
  type: "object",
  nullable: true,
  properties: {
    type: { enum: ["text", "json_object", "json_schema"] },
    json_schema: {
      type: "object",
      properties: {
        name: { type: "string", pattern: OUTPUT_NAME_PATTERN.source },
        description: { type: "string", nullable: true },
        schema: { type: "object" },
        strict: { type: "boolean", nullable: true },
      },
      required: ["name", "schema"],
      additionalProperties: false,
    },
  },
  required: ["type"],
  additionalProperties: false,
};

export interface ResponseFormat {
  readonly type: "text" | "json_object" | "json_schema";
  readonly json_schema?: {
    readonly name: string;
    readonly description?: string | null;
    readonly schema: Readonly<Record<string, unknown>>;
    readonly strict?: boolean | null;
  };
}

/** The schema that a response format asks for must be there. */
export function schemaOf(format: ResponseFormat): NonNullable<ResponseFormat["json_schema"]> {
  if (format.json_schema !== undefined) return format.json_schema;
  throw new ParamError("response_format.json_schema", "response_format.json_schema: the schema is missing");
}

export interface SamplingBody {
  readonly temperature?: number | null;
  readonly top_p?: number | null;
  readonly max_tokens?: number | null;
  readonly max_completion_tokens?: number | null;
  readonly stop?: string | readonly string[] | null;
  readonly seed?: number | null;
  readonly presence_penalty?: number | null;
  readonly frequency_penalty?: number | null;
}

export function samplingOf(body: SamplingBody): Sampling {
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

/** `extra` is what there is to say about a field that the schema does not have. */
export function misfit(errors: readonly ErrorObject[] | null | undefined, extra: string): ParamError {
  // Of alternatives the one that fits furthest is what was meant.
  const depth = ({ instancePath }: ErrorObject): number => instancePath.split("/").length;
  const [error] = [...(errors ?? [])].sort((a, b) => depth(b) - depth(a));
  const { additionalProperty, missingProperty, allowedValues, tag, tagValue } = (error?.params ?? {}) as {
    readonly additionalProperty?: string;
    readonly missingProperty?: string;
    readonly allowedValues?: readonly unknown[];
    readonly tag?: string;
    readonly tagValue?: unknown;
  };
  const path = (error?.instancePath ?? "").slice(1).replaceAll("/", ".");
  const param = [path, additionalProperty ?? missingProperty ?? tag].filter(Boolean).join(".");
  const rule = missingProperty === undefined ? (error?.message ?? "is not valid") : "it is missing";
  const why = additionalProperty === undefined ? rule : extra;
  const known = allowedValues === undefined ? "" : ` (${allowedValues.map(String).join(", ")})`;
  const said = tag === undefined ? why : `${JSON.stringify(tagValue ?? null)} is not known here`;
  return new ParamError(param, `${param || "the body"}: ${said}${known}`);
}
