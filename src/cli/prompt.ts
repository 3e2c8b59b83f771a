// What a `goclaw run` is given: the prompt, as an argument or on standard input for `-`, and the schema of its answer.

import { isRecord } from "../config/data.ts";
import { readText } from "../config/files.ts";
import { messageOf } from "../domain/error.ts";
import type { Context } from "./context.ts";
import { UsageError } from "./usage-error.ts";

const PROMPT_BYTES_MAX = 64 * 1_048_576;

export async function readPrompt(context: Context, argument: string): Promise<string> {
  const prompt = argument === "-" ? await readInput(context) : argument;
  if (prompt.trim() === "") {
    const where = argument === "-" ? "standard input is empty" : "the prompt is empty";
    throw new UsageError(`${where}; say what is to be done`, ["run"]);
  }
  return prompt;
}

const SCHEMA_BYTES_MAX = 1_048_576;

/** The JSON Schema in a file; whether it can be used is for the daemon to say. */
export function readSchema(file: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(readText(file, SCHEMA_BYTES_MAX));
  } catch (error) {
    throw new UsageError(`--schema ${file}: ${messageOf(error)}; name a file with a JSON Schema`, ["run"]);
  }
  if (isRecord(value)) return value;
  throw new UsageError(`--schema ${file}: a JSON Schema is a JSON object, and this is none`, ["run"]);
}

async function readInput(context: Context): Promise<string> {
  const bytes = await context.readStdin(PROMPT_BYTES_MAX);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError("standard input is not UTF-8 text", ["run"]);
  }
}
