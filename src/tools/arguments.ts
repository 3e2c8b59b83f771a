// Checks a model's arguments against the tool's JSON Schema before anything else looks at them. Validators are
// compiled at first use. A schema that came from outside may be none, or have a pattern that never ends: then the call is
// refused.

import { type Context, createContext, runInContext } from "node:vm";
import { Ajv, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { messageOf } from "../domain/error.ts";
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
  let validate: ValidateFunction;
  try {
    validate = validatorOf(tool);
    if (tool.isForeign === true ? fitsInTime(validate, value) : validate(value))
      return { ok: true, args: value as Args };
  } catch (error) {
    if (tool.isForeign !== true) throw error;
    return { ok: false, why: `the schema of ${tool.name} cannot be used: ${messageOf(error)}` };
  }
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
    validate = tool.isForeign === true ? compileForeign(tool.params) : ajv.compile(tool.params);
    validators.set(tool, validate);
  }
  return validate;
}

const FOREIGN = {
  ...{ allErrors: true, strict: false, validateSchema: false, validateFormats: false },
  ...{ addUsedSchema: false, unicodeRegExp: false, logger: false as const },
};

/** 2020-12 as MCP says it, else draft-07, which older servers still write. Throws when it is neither. */
function compileForeign(params: Readonly<Record<string, unknown>>): ValidateFunction {
  const { $schema: _dialect, $id: _id, ...schema } = params;
  try {
    return new Ajv2020(FOREIGN).compile(schema);
  } catch {
    return new Ajv(FOREIGN).compile(schema);
  }
}

const CHECK_MS_MAX = 250;
/** Where a foreign schema's check runs: what is called from a context of its own can be stopped. */
const bench: { fits: () => unknown } = { fits: () => false };
let context: Context | undefined;

function fitsInTime(validate: ValidateFunction, value: unknown): boolean {
  context ??= createContext(bench);
  bench.fits = () => validate(value);
  return runInContext("fits()", context, { timeout: CHECK_MS_MAX }) === true;
}
