// The schema of an agent's answers, from the configuration or from a file of the home. Whether it can be used is for the
// caller to say, who has the schema compiler; that is asked once, before the agents are used.

import type { Agent } from "../domain/agent.ts";
import { GoclawError } from "../domain/error.ts";
import { OUTPUT_NAME } from "../domain/output.ts";
import { isRecord } from "./data.ts";
import type { KeyPath, Problem } from "./problem.ts";
import type { Settings } from "./schema.ts";
import { readSoulFile } from "./soul-files.ts";

type OutputSettings = NonNullable<Settings["agents"]>[number]["structured_output"];
type Schema = Readonly<Record<string, unknown>>;

/** `path` leads to structured_output. */
export function resolveOutput(
  { schema, schema_file: file, max_retries: maxRetries }: OutputSettings,
  path: KeyPath,
  home: string,
  problems: Problem[],
): Pick<Agent, "output" | "outputRetries"> {
  if (schema !== undefined && file !== undefined) {
    const what = "schema and schema_file are both set";
    problems.push({ path: [...path, "schema_file"], what, fix: "keep one of them" });
  }
  // A copy: what the file of the configuration was read into is not plain.
  const own = schema === undefined ? undefined : (JSON.parse(JSON.stringify(schema)) as Schema);
  const found = own ?? (file === undefined ? undefined : readSchema(file, path, home, problems));
  const output = found === undefined ? null : { name: OUTPUT_NAME, schema: found, maxRetries };
  return { output, outputRetries: maxRetries };
}

function readSchema(file: string, path: KeyPath, home: string, problems: Problem[]): Schema | undefined {
  const here = [...path, "schema_file"];
  const text = readSoulFile(file, here, home, problems);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // Said below.
  }
  problems.push({ path: here, what: `${file} is not a JSON object`, fix: "write a JSON Schema into it" });
  return undefined;
}

/** Throws CONFIG_INVALID for every agent whose schema cannot be used. */
export async function checkSchemas(
  agents: readonly Agent[],
  file: string,
  faultOf: (schema: Schema) => Promise<string | undefined>,
): Promise<void> {
  const lines: string[] = [];
  for (const { id, output } of agents) {
    const fault = output == null ? undefined : await faultOf(output.schema);
    if (fault !== undefined)
      lines.push(`agent ${id}, structured_output: this is no JSON Schema that can be used: ${fault}`);
  }
  if (lines.length > 0)
    throw new GoclawError("CONFIG_INVALID", `${file}: ${lines.join("; ")} — mend or remove the schema`);
}
