// The text of policy.yaml as plain data, with the place of every key and value: an error of the policy names file, line
// and column. Throws POLICY_INVALID.

import { LineCounter, parseDocument } from "yaml";
import { GoclawError, messageOf } from "../domain/error.ts";

export type Path = readonly (string | number)[];

export interface PolicySource {
  readonly data: unknown;
  /** Ends the reading: `path` has the fault, `what` says which and what to write instead. */
  fail(path: Path, what: string, at?: "key" | "value"): never;
}

const ALIAS_MAX = 50;

export function readPolicySource(text: string, file: string): PolicySource {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    stringKeys: true,
    version: "1.2",
    schema: "core",
    prettyErrors: false,
  });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const syntax = document.errors[0] ?? document.warnings[0];
  if (syntax !== undefined) throw invalid(`${at(syntax.pos[0])}: ${syntax.message.split("\n")[0]}`);
  return {
    data: dataOf(document, file),
    fail: (path, what, end = "value") => {
      const offset = end === "key" ? keyOffset(document, path) : offsetOf(document, path);
      throw invalid(`${at(offset)}: ${what}`);
    },
  };
}

type Document = ReturnType<typeof parseDocument>;
interface Placed {
  readonly range?: readonly [number, number, number];
}

/** An alias that leads nowhere, or to too much, is found only now. */
function dataOf(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: ALIAS_MAX });
  } catch (error) {
    throw invalid(`${file}: ${messageOf(error)}`);
  }
}

function offsetOf(document: Document, path: Path): number {
  return (document.getIn(path, true) as Placed | undefined)?.range?.[0] ?? 0;
}

/** Where the key itself stands: its value may begin lines below. */
function keyOffset(document: Document, path: Path): number {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const pairs = (parent as { items?: { key: Placed & { value: unknown } }[] } | null)?.items;
  return pairs?.find(({ key }) => key?.value === path.at(-1))?.key.range?.[0] ?? 0;
}

function invalid(message: string): GoclawError {
  return new GoclawError("POLICY_INVALID", message);
}
