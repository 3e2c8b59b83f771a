// Every SQL statement of the product, found in its sources: constants whose names end in _SQL, with the constants they
// are built from put in.

import { listFiles, readText } from "../support/tree.ts";

export interface Statement {
  readonly file: string;
  readonly name: string;
  readonly sql: string;
}

const CONSTANT =
  /^(?:export )?const ([A-Z][A-Z0-9_]*)(?:: [^=]+)? =\s*(`[^`]*`|"(?:[^"\\]|\\.)*"(?:\s*\+\s*"(?:[^"\\]|\\.)*")*);/gm;

/** Several statements under one name: `const COUNT_SQL = { queued: "…", … }`. */
const SEVERAL = /^(?:export )?const ([A-Z][A-Z0-9_]*_SQL) = \{([\s\S]*?)\n\}/gm;
const ENTRY = /(\w+):\s*(`[^`]*`|"(?:[^"\\]|\\.)*")/g;

export function findStatements(): readonly Statement[] {
  return listFiles()
    .filter((path) => /^src\/.*\.ts$/.test(path))
    .flatMap((file) => statementsOf(file, readText(file)));
}

export function statementsOf(file: string, text: string): Statement[] {
  const constants = new Map<string, string>();
  for (const [, name = "", literal = ""] of text.matchAll(CONSTANT))
    constants.set(name, plain(literal, constants));
  for (const [, name = "", body = ""] of text.matchAll(SEVERAL)) {
    for (const [, key = "", literal = ""] of body.matchAll(ENTRY))
      constants.set(`${name}.${key}`, plain(literal, constants));
  }
  return [...constants]
    .filter(([name]) => /_SQL(\.|$)/.test(name))
    .map(([name, sql]) => ({ file, name, sql }));
}

/** The text of a literal; a template may use constants that stand above it. */
function plain(literal: string, above: ReadonlyMap<string, string>): string {
  if (!literal.startsWith("`")) {
    return [...literal.matchAll(/"((?:[^"\\]|\\.)*)"/g)]
      .map(([, part = ""]) => JSON.parse(`"${part}"`))
      .join("");
  }
  return literal.slice(1, -1).replace(/\$\{(\w+)\}/g, (_match, name: string) => {
    const value = above.get(name);
    if (value === undefined) throw new Error(`the statement uses ${name}, which is not a constant above it`);
    return value;
  });
}

/** Lines in the sources that declare a _SQL constant, to notice one that the search did not understand. */
export function declaredNames(): readonly string[] {
  return listFiles()
    .filter((path) => /^src\/.*\.ts$/.test(path))
    .flatMap((file) =>
      [...readText(file).matchAll(/\bconst (\w+_SQL)\b/g)].map(([, name]) => `${file} ${name}`),
    );
}
