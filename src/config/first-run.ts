// Makes a home on the first run and completes one that lacks something. Nothing that exists is overwritten; what exists
// is only closed to other users. A policy is given to a new home only: one that was taken away is not replaced by ours.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { closeToOthers, createDirectory, createFile } from "./files.ts";
import { FIRST_POLICY } from "./first-policy.ts";
import type { Paths } from "./paths.ts";
import { DEFAULT_SOUL } from "./souls.ts";
import { newToken, type TokenSource } from "./token.ts";

const CONFIG_TEXT = `# GoClaw's configuration. Every key is optional; this file may stay as it is.
# \`goclaw config set KEY VALUE\` edits it and keeps your comments; \`goclaw config validate\` checks it.
# All keys with their defaults: \`goclaw config schema\`, or config.example.yaml in the repository.

# A key for the model. OPENAI_API_KEY or OPENROUTER_API_KEY in the environment, or in the file .env beside this one,
# is enough. Otherwise name your own variable, or a server of your own that needs no key:
#
# providers:
#   openai:
#     api_key: \${MY_OPENAI_KEY}
#   local:
#     base_url: http://127.0.0.1:1234/v1
#     models: [my-model]
#
# llm:
#   provider: local

# Beside \`default\`, whose soul is SOUL.md, there are the agents coder, researcher and writer.
# \`agents: []\` removes them; a list of your own replaces them.
`;

const SOUL_TEXT = `<!-- These words open every conversation of the agent \`default\`. Change them as you like; comments like this
     one are not sent to the model. -->

${DEFAULT_SOUL}
`;

const AGENTS_TEXT = `<!-- House rules: what you write here, below this comment, is added to the soul of every agent.
     For example: "Write dates as 2026-01-31." -->
`;

export interface Created {
  /** Absolute paths of the files that were not there before. */
  readonly created: readonly string[];
}

/** Safe to call at every start, and by two processes at once. Throws IO_ERROR or DISK_FULL when the home cannot be made. */
export function ensureHome(paths: Paths, random: TokenSource): Created {
  createDirectory(paths.home);
  closeToOthers(paths.home);
  for (const directory of directoriesOf(paths)) createDirectory(directory);
  // Tools keep the records of unfinished acts there; made before a command's sandbox covers an absent one with a mask.
  const records = join(paths.workspace, ".goclaw");
  if (!existsSync(records)) createDirectory(records);
  const created: string[] = [];
  const isInUse = existsSync(paths.db);
  for (const [file, textOf] of filesOf(paths, random)) {
    if (file === paths.policy && isInUse && !existsSync(file)) continue;
    if (createFile(file, textOf)) created.push(file);
    else if (file === paths.config || file === paths.policy || file === paths.token) closeToOthers(file);
  }
  return { created };
}

function directoriesOf(paths: Paths): string[] {
  const { skills, installed, workspace, logsDir, runDir, backups, cassettes } = paths;
  return [skills, installed, workspace, logsDir, runDir, backups, cassettes];
}

function filesOf(paths: Paths, random: TokenSource): [string, () => string][] {
  return [
    [paths.config, () => CONFIG_TEXT],
    [paths.policy, () => FIRST_POLICY],
    [paths.token, () => newToken(random)],
    [paths.soul, () => SOUL_TEXT],
    [paths.agentsMd, () => AGENTS_TEXT],
  ];
}
