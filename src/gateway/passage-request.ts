// Reads a chat completion request that goes to a model as it is. What is not understood, or does not make sense, is
// refused by name before anything of it is kept; what a provider cannot honour is refused after the providers are known.

import { Ajv } from "ajv";
import type { AnswerFormat, Passage } from "../domain/passage.ts";
import { ParamError } from "./errors.ts";
import { misfit, type ResponseFormat, type SamplingBody, samplingOf, schemaOf } from "./openai-fields.ts";
import { readMessages, type WireMessage } from "./passage-messages.ts";
import { BODY_SCHEMA, ONLY_VALUES, PASSED_FIELDS, REFUSED_FIELDS } from "./passage-schema.ts";
import {
  readToolChoice,
  readTools,
  type SchemaFault,
  type WireTool,
  type WireToolChoice,
} from "./passage-tools.ts";

export interface PassageRequest {
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Without its link: who is asked is not the reader's matter. */
  readonly passage: Omit<Passage, "link">;
  /** The user's last words. */
  readonly prompt: string;
}

interface Body extends SamplingBody {
  readonly messages: readonly WireMessage[];
  readonly stream?: boolean | null;
  readonly stream_options?: { readonly include_usage?: boolean } | null;
  readonly response_format?: ResponseFormat | null;
  readonly tools?: readonly WireTool[] | null;
  readonly tool_choice?: WireToolChoice | null;
}

const validate = new Ajv({ allowUnionTypes: true, discriminator: true }).compile(BODY_SCHEMA);

/** Throws ParamError (400, `param` names the field). */
export async function readPassageRequest(value: unknown, faultOf: SchemaFault): Promise<PassageRequest> {
  refuseKnown(value);
  if (!validate(value)) throw misfit(validate.errors, "is no field of chat completions that passes");
  const body = value as unknown as Body;
  const messages = readMessages(body.messages);
  const tools = await readTools(body.tools ?? [], faultOf);
  const format = formatOf(body.response_format);
  const toolChoice = body.tool_choice == null ? undefined : readToolChoice(body.tool_choice, tools);
  const wish = {
    ...(format !== undefined && { format }),
    ...(toolChoice !== undefined && { toolChoice }),
    fields: fieldsOf(body),
  };
  return {
    stream: body.stream === true,
    includeUsage: body.stream_options?.include_usage === true,
    passage: { messages, tools, sampling: samplingOf(body), wish },
    prompt: messages.findLast(({ role }) => role === "user")?.text || "(no words)",
  };
}

function refuseKnown(value: unknown): void {
  const body = value as Readonly<Record<string, unknown>> | null;
  const refuse = (name: string, why: string): never => {
    throw new ParamError(name, `${name}: ${why}`);
  };
  for (const [name, why] of Object.entries(REFUSED_FIELDS)) if (body?.[name] != null) refuse(name, why);
  for (const [name, [only, why]] of Object.entries(ONLY_VALUES))
    if (body?.[name] != null && body[name] !== only) refuse(name, why);
}

/** The limit by its older name goes with them: some servers know no other. */
const FIELDS = [...Object.keys(PASSED_FIELDS), "max_tokens"];

function fieldsOf(body: Body): Readonly<Record<string, unknown>> {
  const given = body as unknown as Readonly<Record<string, unknown>>;
  return Object.fromEntries(FIELDS.flatMap((name) => (given[name] == null ? [] : [[name, given[name]]])));
}

function formatOf(format: ResponseFormat | null | undefined): AnswerFormat | undefined {
  if (format == null || format.type === "text") return undefined;
  if (format.type === "json_object") return { type: "json_object" };
  const { name, description, schema, strict } = schemaOf(format);
  return {
    ...{ type: "json_schema", name, schema },
    ...(description != null && { description }),
    ...(strict != null && { strict }),
  };
}
