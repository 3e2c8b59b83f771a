// Reasoning that servers add to OpenAI's protocol, and what of it they want back: OpenRouter its details in order,
// others the text of a turn that called tools.

import type { Part } from "./provider.ts";

/** The fields OpenRouter, DeepSeek, vLLM and others add to a delta or a message. */
export interface VendorReasoning {
  readonly reasoning?: unknown;
  readonly reasoning_content?: unknown;
  readonly reasoning_details?: unknown;
}

/** One of OpenRouter's details: which fields it has depends on its type. */
type Detail = Record<string, unknown>;

const TEXT_FIELDS = ["text", "summary", "data"] as const;

export interface Reasoning {
  /** Takes note of a delta and returns its new text. */
  add(delta: VendorReasoning): string;
  /** What has to go back with the next turn. */
  continuation(calledTools: boolean): Part | undefined;
}

export function createReasoning(vendor: string): Reasoning {
  const details: Detail[] = [];
  let content = "";
  return {
    add: ({ reasoning, reasoning_content: given, reasoning_details: added }) => {
      if (typeof given === "string") content += given;
      const fresh = Array.isArray(added) ? added.filter(isDetail) : [];
      for (const detail of fresh) append(details, detail);
      if (typeof reasoning === "string") return reasoning;
      if (typeof given === "string") return given;
      return fresh.map(({ text, summary }) => text ?? summary ?? "").join("");
    },
    continuation: (calledTools) => {
      const back = {
        ...(details.length > 0 && { reasoning_details: details }),
        ...(content !== "" && calledTools && { reasoning_content: content }),
      };
      if (Object.keys(back).length === 0) return undefined;
      return { type: "continuation", continuation: { type: vendor, data: JSON.stringify(back) } };
    },
  };
}

function isDetail(value: unknown): value is Detail {
  return typeof value === "object" && value !== null;
}

/** Pieces of one detail follow each other with its index; their texts join, their other fields overrule. */
function append(details: Detail[], detail: Detail): void {
  const last = details.at(-1);
  if (last === undefined || last.type !== detail.type || last.index !== detail.index) {
    details.push({ ...detail });
    return;
  }
  for (const [name, value] of Object.entries(detail)) {
    const joins = (TEXT_FIELDS as readonly string[]).includes(name) && typeof last[name] === "string";
    if (value !== null) last[name] = joins ? `${last[name]}${value}` : value;
  }
}
