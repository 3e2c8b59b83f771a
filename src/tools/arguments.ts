// Checks a model's arguments against the tool's JSON Schema before anything else looks at them. Validators are
// compiled at first use.

import { Ajv, type ValidateFunction } from "ajv";
import type { Args, Tool } from "./tool.ts";

export type Parsed =
  | { readonly ok: true; readonly args: Args }
  | { readonly ok: false; readonly why: string };

const validators = new WeakMap<Tool, ValidateFunction>();
let ajv: Ajv | undefined;

export function parseArguments(tool: Tool, text: string): Parsed {
  let value: unknown;
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    return { ok: false, why: `the arguments of ${tool.name} are not valid JSON` };
  }
  const validate = validatorOf(tool);
  if (validate(value)) return { ok: true, args: value as Args };
  const why = (validate.errors ?? []).map(({ instancePath, message, params }) => {
    const { additionalProperty: extra } = params as { additionalProperty?: string };
    return `${instancePath || "arguments"} ${message}${extra === undefined ? "" : ` (${JSON.stringify(extra)})`}`;
  });
  return { ok: false, why: `the arguments of ${tool.name} do not fit its schema: ${why.join("; ")}` };
}

function validatorOf(tool: Tool): ValidateFunction {
  let validate = validators.get(tool);
  if (validate === undefined) {
    ajv ??= new Ajv({ allErrors: true });
    validate = ajv.compile(tool.params);
    validators.set(tool, validate);
  }
  return validate;
}
