// Where each tool of a server stands: the pins beside what was seen last, judged. Pure, so that the offer, the list and
// the approval can never disagree.

import { type McpToolStatus, offeredName } from "../domain/mcp.ts";
import { type Definition, readDefinition } from "./definition.ts";
import type { Pin } from "./pins.ts";

export interface Standing {
  readonly status: McpToolStatus;
  /** As seen last; of a tool that is gone, as it was pinned. */
  readonly definition: Definition;
  /** Why it is refused, as `CODE: words`. */
  readonly refusal: string | null;
}

export function standings(server: string, pins: readonly Pin[]): Standing[] {
  const names = new Map<string, number>();
  for (const { tool, seenJson } of pins) {
    if (seenJson === null) continue;
    const offered = offeredName(server, tool);
    names.set(offered, (names.get(offered) ?? 0) + 1);
  }
  return pins.map((pin) => {
    const raw = JSON.parse(pin.seenJson ?? pin.pinnedJson ?? "{}") as Readonly<Record<string, unknown>>;
    const definition = readDefinition(server, raw);
    const refusal = refusalOf(definition, names.get(offeredName(server, pin.tool)) ?? 0);
    return { definition, refusal, status: statusOf(pin, refusal) };
  });
}

function refusalOf({ refusal, name }: Definition, sharing: number): string | null {
  if (refusal !== null) return `MCP_UNSHOWABLE: ${refusal}`;
  return sharing > 1 ? `MCP_NAME_CLASH: another tool would be offered under the name of ${name}` : null;
}

function statusOf({ seenHash, pinnedHash }: Pin, refusal: string | null): McpToolStatus {
  if (seenHash === null) return "gone";
  if (refusal !== null) return "refused";
  if (pinnedHash === null) return "new";
  return pinnedHash === seenHash ? "approved" : "changed";
}
