// policy.yaml: what is allowed. Everything else is denied; an unknown key or capability makes the file invalid, so a
// typing error never widens or silently narrows what an agent may do.

import { createHash } from "node:crypto";
import { LineCounter, parseDocument } from "yaml";
import { isKnownPattern } from "../domain/capability.ts";
import { GoclawError, messageOf } from "../domain/error.ts";

export interface Policy {
  /** SHA-256 of the canonical policy: comments and order do not change it. */
  readonly version: string;
  readonly text: string;
  readonly allowCapabilities: readonly string[];
}

/** Parses and checks; throws POLICY_INVALID that names file, line and what to write instead. */
export function parsePolicy(text: string, file: string, knownCapabilities: readonly string[]): Policy {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, version: "1.2" });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const syntax = document.errors[0];
  if (syntax !== undefined) throw invalid(`${at(syntax.pos[0])}: ${syntax.message.split("\n")[0]}`);
  const root = rootOf(document, file) ?? {};
  if (typeof root !== "object" || Array.isArray(root)) throw invalid(`${file}: the policy must be a mapping`);
  for (const key of Object.keys(root as object)) {
    if (key !== "allow_capabilities") {
      throw invalid(
        `${at(keyOffset(document, key))}: unknown key ${JSON.stringify(key)}; only allow_capabilities is known`,
      );
    }
  }
  const list: unknown = (root as { allow_capabilities?: unknown }).allow_capabilities ?? [];
  if (!Array.isArray(list))
    throw invalid(`${at(offsetOf(document, "allow_capabilities"))}: allow_capabilities must be a list`);
  for (const [index, capability] of list.entries()) {
    if (typeof capability !== "string" || !isKnownPattern(capability, knownCapabilities)) {
      const where = at(offsetOf(document, "allow_capabilities", index));
      throw invalid(
        `${where}: unknown capability ${JSON.stringify(capability)}; known: ${knownCapabilities.join(", ")}`,
      );
    }
  }
  const allowCapabilities = [...new Set(list as string[])].sort();
  const version = createHash("sha256")
    .update(JSON.stringify({ allow_capabilities: allowCapabilities }))
    .digest("hex");
  return { version, text, allowCapabilities };
}

function offsetOf(document: ReturnType<typeof parseDocument>, ...path: (string | number)[]): number {
  const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
  return node?.range?.[0] ?? 0;
}

/** An alias that leads nowhere, or to too much, is found only now. */
function rootOf(document: ReturnType<typeof parseDocument>, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 50 });
  } catch (error) {
    throw invalid(`${file}: ${messageOf(error)}`);
  }
}

/** Where the key itself stands: its value may begin lines below. */
function keyOffset(document: ReturnType<typeof parseDocument>, name: string): number {
  const root = document.contents as { items?: { key: { value: unknown; range?: [number] } }[] } | null;
  return root?.items?.find(({ key }) => key.value === name)?.key.range?.[0] ?? 0;
}

function invalid(message: string): GoclawError {
  return new GoclawError("POLICY_INVALID", message);
}
