// The tools of a client's own request and which of them may be called: names are unique, schemas are schemas, and a
// choice is one of the tools that are there.

import type { ToolSpec } from "../domain/message.ts";
import type { ToolChoice } from "../domain/passage.ts";
import { ParamError } from "./errors.ts";

export interface WireTool {
  readonly function: {
    readonly name: string;
    readonly description?: string | null;
    readonly parameters?: Readonly<Record<string, unknown>> | null;
    readonly strict?: boolean | null;
  };
}

interface NamedTool {
  readonly function: { readonly name: string };
}

export type WireToolChoice =
  | "none"
  | "auto"
  | "required"
  | ({ readonly type: "function" } & NamedTool)
  | {
      readonly type: "allowed_tools";
      readonly allowed_tools: { readonly mode: "auto" | "required"; readonly tools: readonly NamedTool[] };
    };

/** Why a JSON Schema cannot be one; undefined when it can. */
export type SchemaFault = (schema: Readonly<Record<string, unknown>>) => Promise<string | undefined>;

export async function readTools(given: readonly WireTool[], faultOf: SchemaFault): Promise<ToolSpec[]> {
  const names = new Set<string>();
  const tools: ToolSpec[] = [];
  for (const [index, { function: called }] of given.entries()) {
    const { name, description, parameters, strict } = called;
    const at = `tools.${index}.function`;
    if (names.has(name)) throw new ParamError(`${at}.name`, `${at}.name: two tools are called ${name}`);
    names.add(name);
    const params = parameters ?? { type: "object", properties: {} };
    const fault = await faultOf(params);
    const param = `${at}.parameters`;
    if (fault !== undefined) throw new ParamError(param, `${param}: this is no JSON Schema: ${fault}`);
    const { type = "object" } = params;
    if (type !== "object") throw new ParamError(param, `${param}: a tool's schema is of type object`);
    tools.push({ name, description: description ?? "", params, ...(strict === true && { strict }) });
  }
  return tools;
}

export function readToolChoice(given: WireToolChoice, tools: readonly ToolSpec[]): ToolChoice {
  const param = "tool_choice";
  const known = ({ function: { name } }: NamedTool): string => {
    if (!tools.some((tool) => tool.name === name))
      throw new ParamError(param, `${param}: there is no tool ${JSON.stringify(name)} in tools`);
    return name;
  };
  if (given === "none" || given === "auto") return given;
  if (given === "required") {
    if (tools.length === 0)
      throw new ParamError(param, `${param}: a call is required, and there are no tools`);
    return given;
  }
  if (given.type === "function") return { name: known(given) };
  const { mode, tools: allowed } = given.allowed_tools;
  return { mode, allowed: allowed.map(known) };
}
