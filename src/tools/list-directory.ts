// `list_directory`: what is in a directory, in order of names. Pure; a directory of any size costs a bounded look.

import { lstatSync } from "node:fs";
import { showName } from "../domain/quote.ts";
import { wayTo } from "../policy/descent.ts";
import type { Held } from "../policy/held.ts";
import { openBeneath } from "../policy/paths.ts";
import { count, PATH_PARAM, pathOf, touchPath } from "./file-text.ts";
import type { Tool } from "./tool.ts";

const SHOWN = 200;
const LOOKED_AT = 20_000;
/** Records of acts and half-written files: GoClaw's own, closed to tools. */
const OWN_PREFIX = ".goclaw";

export const listDirectory: Tool = {
  name: "list_directory",
  description:
    `Lists a directory: one name a line, directories with a \`/\` at the end, files with their size in bytes. At most ` +
    `${SHOWN} names; \`after\` gives the next ones. Unusual names are shown as JSON strings. Not recursive; search_files looks deeper.`,
  params: {
    type: "object",
    properties: {
      path: { ...PATH_PARAM, description: `${PATH_PARAM.description} Default: the workspace.` },
      after: { type: "string", maxLength: 255, description: "Only names that come after this one." },
    },
    additionalProperties: false,
  },
  effectClass: "pure",
  resource: pathOf,
  touches: touchPath("ro"),
  yields: ["private"],
  run: async (args, { grant }) => {
    const held = openBeneath(grant.roots, pathOf(args), "ro");
    try {
      if (held.kind === "file") return { type: "failed", text: `${held.shown} is a file; use read_file` };
      const { names, isWhole } = await namesOf(held);
      const { after } = args as { after?: string };
      const rest = after === undefined ? names : names.filter((name) => name > after);
      const lines = rest.slice(0, SHOWN).map((name) => lineOf(held, name));
      return {
        type: "done",
        text: [headOf(held.shown, names.length, isWhole), ...lines, ...tail(rest)].join("\n"),
      };
    } finally {
      held.close();
    }
  },
};

async function namesOf(held: Held): Promise<{ names: string[]; isWhole: boolean }> {
  const names: string[] = [];
  for await (const { name } of await held.openNames()) {
    if (name.startsWith(OWN_PREFIX)) continue;
    if (names.length === LOOKED_AT) return { names: names.sort(), isWhole: false };
    names.push(name);
  }
  return { names: names.sort(), isWhole: true };
}

function headOf(shown: string, found: number, isWhole: boolean): string {
  const where = shown === "." ? "the workspace" : shown;
  if (found === 0) return `${where} is empty`;
  if (isWhole) return `${where}: ${found === 1 ? "1 entry" : `${found} entries`}`;
  return `${where}: LIMIT_SIZE: more than ${LOOKED_AT} entries, of which only ${LOOKED_AT} were looked at`;
}

function lineOf(held: Held, name: string): string {
  const stats = held.target && lstatSync(wayTo(held.target.fd, name), { throwIfNoEntry: false });
  const text = showName(name);
  if (stats === undefined) return `${text} (gone)`;
  if (stats.isDirectory()) return `${text}/`;
  if (stats.isFile()) return `${text}  ${count(stats.size, "byte")}`;
  return `${text}  (${stats.isSymbolicLink() ? "symbolic link: tools do not follow it" : "not a file: tools do not open it"})`;
}

function tail(rest: readonly string[]): string[] {
  const last = rest[SHOWN - 1];
  if (last === undefined || rest.length <= SHOWN) return [];
  return [`[${rest.length - SHOWN} more: list_directory with after=${JSON.stringify(last)}]`];
}
