// A tool's result as text for a model: bounded, links not followed, and what is no text named instead of shown.

import type { CallToolResult } from "@modelcontextprotocol/client";

export const RESULT_CHARS = 262_144;
const ITEMS_MAX = 1_000;

export function readResult({ content, structuredContent }: CallToolResult): string {
  const items = content ?? [];
  const parts: string[] = [];
  let chars = 0;
  let read = 0;
  for (const item of items.slice(0, ITEMS_MAX)) {
    const text = textOf(item);
    parts.push(text.slice(0, Math.max(0, RESULT_CHARS - chars)));
    chars += text.length;
    read += 1;
    if (chars > RESULT_CHARS) break;
  }
  if (parts.length === 0 && structuredContent !== undefined) {
    const text = JSON.stringify(structuredContent);
    parts.push(text.slice(0, RESULT_CHARS));
    chars += text.length;
  }
  const left = items.length - read;
  if (chars > RESULT_CHARS || left > 0) {
    parts.push(`[LIMIT_SIZE: cut after ${Math.min(chars, RESULT_CHARS)} characters; ${left} more items]`);
  }
  return parts.join("\n");
}

function textOf(item: CallToolResult["content"][number]): string {
  switch (item.type) {
    case "text":
      return item.text;
    case "image":
    case "audio":
      return `[${item.type} ${item.mimeType}, about ${Math.floor((item.data.length * 3) / 4)} bytes, not shown]`;
    case "resource_link":
      return `[link to ${item.uri}, not followed]`;
    case "resource":
      return "text" in item.resource
        ? item.resource.text
        : `[resource ${item.resource.uri}, ${item.resource.mimeType ?? "no type"}, not shown]`;
    default:
      return "[an item of an unknown type]";
  }
}
