// Makes validators of the methods' JSON Schemas. Loaded at the first call: a start does not pay for the compiler.

import { Ajv, type ValidateFunction } from "ajv";

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });

export function compileParams(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  return ajv.compile(schema);
}
