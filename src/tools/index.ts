// The registry of tools: one line each. Capabilities, what the model is offered and the policy grammar derive from it.

import { exec } from "./exec.ts";
import { now } from "./now.ts";
import { sendAlert } from "./send-alert.ts";
import { shell } from "./shell.ts";
import type { Tool } from "./tool.ts";
import { writeNote } from "./write-note.ts";

export const TOOLS: readonly Tool[] = [now, writeNote, sendAlert, exec, shell];

export const TOOL_CAPABILITIES: readonly string[] = TOOLS.map((tool) => capabilityOf(tool.name));

export function capabilityOf(toolName: string): string {
  return `tools.${toolName}`;
}
