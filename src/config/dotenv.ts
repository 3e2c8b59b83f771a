// Reads the text of `<home>/.env`: KEY=VALUE lines, `#` comments, optional quotes, optional `export`. It never overrides
// the real environment, also not a variable that is set there to nothing.

import type { Env } from "./env.ts";
import type { Problem } from "./problem.ts";

const LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/;
const DOUBLE_QUOTED = /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/;
const SINGLE_QUOTED = /^'([^']*)'\s*(?:#.*)?$/;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

export interface DotEnv {
  readonly variables: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
}

export function parseDotEnv(text: string, file: string): DotEnv {
  const variables: Record<string, string> = Object.create(null);
  const problems: Problem[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, name, rest] = LINE.exec(line) ?? [];
    const value = rest === undefined ? undefined : parseValue(rest.trim());
    if (name === undefined || value === undefined) {
      problems.push({
        path: [],
        where: `${file}:${index + 1}:1`,
        what: name === undefined ? "the line is not KEY=VALUE" : `the quotes around ${name} do not close`,
        fix: 'write KEY=VALUE or KEY="VALUE", or put `#` before a comment',
      });
    } else variables[name] = value;
  }
  return { variables, problems };
}

function parseValue(text: string): string | undefined {
  if (text.startsWith('"')) {
    return DOUBLE_QUOTED.exec(text)?.[1]?.replace(/\\(.)/g, (_, char: string) => ESCAPES[char] ?? char);
  }
  if (text.startsWith("'")) return SINGLE_QUOTED.exec(text)?.[1];
  return text.startsWith("#") ? "" : text.replace(/\s+#.*$/, "");
}

/** The real environment with the variables of `.env` behind it. */
export function mergeEnv(env: Env, dotEnv: Env): Env {
  const real = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
  return { ...dotEnv, ...real };
}
