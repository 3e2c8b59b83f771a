// Compiles JSON Schemas (2020-12) and holds values against them. Loaded when the first schema is used.

import { createContext, runInContext } from "node:vm";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { isTooDeep } from "./json-text.ts";

// What the standard ignores is ignored: unknown keywords are notes, as generators of schemas write them.
const ajv = new Ajv2020({ allErrors: true, strict: false, addUsedSchema: false, logger: false });
formats.default(ajv);

const COMPILED_MAX = 100;
const compiled = new Map<string, ValidateFunction>();

/** Drafts whose schemas generators still mark; those keywords mean the same here or are notes. */
const DIALECT = /^https?:\/\/json-schema\.org\/(?:draft-0[4-7]|draft\/20(?:19-09|20-12))\/schema#?$/;

type Schema = Readonly<Record<string, unknown>>;

/** Throws when the schema is none. */
function compile(schema: Schema): ValidateFunction {
  if (isTooDeep(schema)) throw new Error("it is nested too deeply");
  const text = JSON.stringify(schema);
  const known = compiled.get(text);
  if (known !== undefined) return known;
  const { $schema: dialect, ...rest } = schema;
  const own = typeof dialect === "string" && DIALECT.test(dialect) ? rest : { ...schema };
  const validate = ajv.compile(own);
  // A task's schema is not the process's: ajv would keep it for ever.
  ajv.removeSchema(own);
  if (compiled.size >= COMPILED_MAX) compiled.delete([...compiled.keys()][0] as string);
  compiled.set(text, validate);
  return validate;
}

/** Why a schema cannot be used; undefined when it can. */
export function faultOf(schema: Schema): string | undefined {
  try {
    compile(schema);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Why it is no schema, as its own schema has it; undefined when it is one. Cheap: nothing is compiled. */
export function shapeFaultOf(schema: Schema): string | undefined {
  if (isTooDeep(schema)) return "it is nested too deeply";
  const { $schema: _dialect, ...own } = schema;
  if (ajv.validateSchema(own) === true) return undefined;
  return (ajv.errors ?? []).map(lineOf)[0] ?? "it is none";
}

const VIOLATIONS_MAX = 20;

const CHECK_MS_MAX = 1_000;
/** Where a check runs: what is called from a context of its own can be stopped. */
const bench: { fits: () => unknown } = { fits: () => false };
createContext(bench);

/** What does not fit, one line each; empty when everything does. Throws when that takes too long to say. */
export function violationsOf(schema: Schema, value: unknown): string[] {
  const validate = compile(schema);
  // A pattern of the schema may be one that never ends; the daemon has other things to do.
  bench.fits = () => validate(value);
  if (runInContext("fits()", bench, { timeout: CHECK_MS_MAX }) === true) return [];
  const lines = [...new Set((validate.errors ?? []).map(lineOf))];
  return lines.length <= VIOLATIONS_MAX
    ? lines
    : [...lines.slice(0, VIOLATIONS_MAX), `and ${lines.length - VIOLATIONS_MAX} more`];
}

function lineOf({ instancePath, keyword, message, params }: ErrorObject): string {
  const where = instancePath === "" ? "the value" : instancePath;
  const facts = params as {
    additionalProperty?: string;
    unevaluatedProperty?: string;
    allowedValues?: unknown;
  };
  const extra = facts.additionalProperty ?? facts.unevaluatedProperty;
  const allowed = keyword === "enum" ? `: ${JSON.stringify(facts.allowedValues)}` : "";
  const named = extra === undefined ? "" : ` (${JSON.stringify(extra)})`;
  return `${where} ${message ?? `breaks ${keyword}`}${named}${allowed}`.slice(0, LINE_CHARS_MAX);
}

const LINE_CHARS_MAX = 300;
