// Lists that the daemon gives out page by page, read up to the limit of the command.

import type { Api } from "./api.ts";

const PAGE = 500;

export interface Pages<Item> {
  readonly items: readonly Item[];
  /** Where more would begin; null when this is all. */
  readonly nextCursor: string | null;
}

/** `many`: the collection's route and its key in the answer. Filters that are undefined are left out. */
export async function readPages<Item>(
  api: Api,
  many: string,
  limit: number,
  filters: Readonly<Record<string, string | undefined>> = {},
): Promise<Pages<Item>> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(Math.min(PAGE, limit - items.length)) });
    for (const [name, value] of Object.entries(filters)) if (value !== undefined) query.set(name, value);
    if (cursor !== null) query.set("cursor", cursor);
    const page: Record<string, unknown> = await api.get(`/api/v1/${many}?${query}`);
    items.push(...(page[many] as Item[]));
    cursor = page.next_cursor as string | null;
  } while (cursor !== null && items.length < limit);
  return { items, nextCursor: cursor };
}

export function moreText(shown: number): string {
  return `there are more than these ${shown}; --limit shows them\n`;
}
