// A model that remembers facts in its summaries, and a conversation with it: what tests of compaction share.

import { expect } from "vitest";
import { type ChatBody, promptOf, type Reply } from "./directive.ts";
import type { Client } from "./http.ts";
import { ended, submit } from "./tasks.ts";

export const LONG = "00000000-0000-4000-8000-00000000000a";
export const SESSION = "00000000-0000-4000-8000-00000000000b";
export const FACT = "my-cat-is-called-Zephyrine";
export const FILLER = "All work and no play makes a long story longer. ".repeat(16);

export function isCompaction(body: ChatBody): boolean {
  return promptOf(body).startsWith("Summary so far:");
}

/** A model that keeps facts in its summaries (words with two hyphens or more) and answers at length otherwise. */
export function script(body: ChatBody): Reply {
  if (!isCompaction(body)) return { text: `noted. ${FILLER}` };
  const facts = new Set(promptOf(body).match(/\b\w+(-\w+){2,}\b/g));
  return { text: `Facts: ${[...facts].join(", ")}.` };
}

export async function say(client: Client, prompt: string, sessionId: string): Promise<string> {
  const id = await submit(client, prompt, { session_id: sessionId });
  const task = await ended(client, id);
  expect(task, JSON.stringify(task.error)).toMatchObject({ state: "SUCCEEDED" });
  return id;
}
