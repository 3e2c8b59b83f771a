// The registry of tools: one line each. Capabilities, what the model is offered and the policy grammar derive from it.

import { httpRequest } from "./http-request.ts";
import { now } from "./now.ts";
import { readUrl } from "./read-url.ts";
import { sendAlert } from "./send-alert.ts";
import type { Tool } from "./tool.ts";
import { webSearch } from "./web-search.ts";
import { writeNote } from "./write-note.ts";

export const TOOLS: readonly Tool[] = [now, writeNote, sendAlert, webSearch, readUrl, httpRequest];

export const TOOL_CAPABILITIES: readonly string[] = TOOLS.map((tool) => capabilityOf(tool.name));

export function capabilityOf(toolName: string): string {
  return `tools.${toolName}`;
}
