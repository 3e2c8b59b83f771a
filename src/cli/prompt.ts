// The prompt of a `goclaw run`: the argument, or standard input for `-`.

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

async function readInput(context: Context): Promise<string> {
  const bytes = await context.readStdin(PROMPT_BYTES_MAX);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError("standard input is not UTF-8 text", ["run"]);
  }
}
