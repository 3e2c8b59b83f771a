// Reads a chat completion request for an agent. What cannot be honoured is refused by name, never ignored: an agent
// has its own tools, answers once, and streams or does not.

import { Ajv } from "ajv";
import type { SubmitParams } from "../rpc/methods/submit.ts";
import { ParamError } from "./errors.ts";
import { agentOf } from "./models.ts";
import {
  MAX_MESSAGES,
  misfit,
  type ResponseFormat,
  responseFormat,
  SAMPLING_FIELDS,
  type SamplingBody,
  STREAM_FIELDS,
  samplingOf,
  schemaOf,
  textPart,
} from "./openai-fields.ts";

export interface ChatRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly submit: SubmitParams;
}

const content = { anyOf: [{ type: "string" }, { type: "array", items: textPart, minItems: 1 }] };

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
    ...STREAM_FIELDS,
    ...SAMPLING_FIELDS,
    n: { enum: [1, null] },
    user: { type: "string", maxLength: 255 },
    // Every answer is held against the schema, whatever `strict` asks for here.
    response_format: responseFormat,
  },
  required: ["model", "messages"],
  additionalProperties: false,
} as const;

type Content = string | readonly { readonly text: string }[];

interface Body extends SamplingBody {
  readonly model: string;
  readonly messages: readonly {
    readonly role: "system" | "developer" | "user" | "assistant";
    readonly content: Content;
  }[];
  readonly stream?: boolean | null;
  readonly stream_options?: { readonly include_usage?: boolean } | null;
  readonly response_format?: ResponseFormat | null;
}

const validate = new Ajv({ allowUnionTypes: true }).compile(BODY_SCHEMA);

/** Throws ParamError (400, `param` names the field). */
export function readChatRequest(value: unknown): ChatRequest {
  if (!validate(value)) throw misfit(validate.errors, "cannot be honoured for an agent");
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
      ...outputOf(body),
    },
  };
}

/** A JSON object is the loosest schema there is for one. */
function outputOf({ response_format: format }: Body): Pick<SubmitParams, "schema" | "schema_name"> {
  if (format == null || format.type === "text") return {};
  if (format.type === "json_object") return { schema: { type: "object" } };
  const given = schemaOf(format);
  const note = given.description == null ? {} : { description: given.description };
  return { schema: { ...note, ...given.schema }, schema_name: given.name };
}

function textOf(value: Content): string {
  return typeof value === "string" ? value : value.map(({ text }) => text).join("");
}
