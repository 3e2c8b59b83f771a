// Calls a tool as perform does, without a daemon: arguments that fit its schema, and an exception told as the model is
// told it.

import { expect } from "vitest";
import { GoclawError, messageOf } from "../../src/domain/error.ts";
import { parseArguments } from "../../src/tools/arguments.ts";
import type { Args, Tool, ToolContext } from "../../src/tools/tool.ts";
import { grantFor, toolContext } from "./tool-context.ts";
import type { Place } from "./workspace.ts";

export type Call = (args: Args, more?: Partial<ToolContext>) => Promise<string>;

/** What the model would read; a failure begins with `! `. */
export function caller(tool: Tool, place: Place): Call {
  return async (args, more = {}) => {
    expect(parseArguments(tool, JSON.stringify(args))).toMatchObject({ ok: true });
    const grant = { ...grantFor(place.workspace), roots: place.roots };
    try {
      const { type, text } = await tool.run(args, toolContext(place.workspace, { grant, ...more }));
      return type === "done" ? text : `! ${text}`;
    } catch (error) {
      return `! ${error instanceof GoclawError ? error.code : "TOOL_FAILED"}: ${messageOf(error)}`;
    }
  };
}
