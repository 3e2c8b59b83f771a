// The registry of tools: one line each. Capabilities, what the model is offered and the policy grammar derive from it.

import { applyPatch } from "./apply-patch.ts";
import { askUser } from "./ask-user.ts";
import { editFile } from "./edit-file.ts";
import { exec } from "./exec.ts";
import { httpRequest } from "./http-request.ts";
import { listDirectory } from "./list-directory.ts";
import { memoryRead } from "./memory-read.ts";
import { memorySearch } from "./memory-search.ts";
import { memoryWrite } from "./memory-write.ts";
import { now } from "./now.ts";
import { readFile } from "./read-file.ts";
import { readUrl } from "./read-url.ts";
import { searchFiles } from "./search-files.ts";
import { sendAlert } from "./send-alert.ts";
import { shell } from "./shell.ts";
import { spawnTask } from "./spawn-task.ts";
import type { Tool } from "./tool.ts";
import { webSearch } from "./web-search.ts";
import { writeFile } from "./write-file.ts";
import { writeNote } from "./write-note.ts";

export const TOOLS: readonly Tool[] = [
  now,
  readFile,
  listDirectory,
  searchFiles,
  writeFile,
  editFile,
  applyPatch,
  writeNote,
  memoryRead,
  memorySearch,
  memoryWrite,
  webSearch,
  readUrl,
  httpRequest,
  sendAlert,
  exec,
  shell,
  spawnTask,
  askUser,
];

export const TOOL_CAPABILITIES: readonly string[] = TOOLS.map((tool) => capabilityOf(tool.name));

export function capabilityOf(toolName: string): string {
  return `tools.${toolName}`;
}
