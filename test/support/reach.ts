// Reading and writing through the path guard in one call each, which answers with the code of a refusal.

import type { FileRoot } from "../../src/domain/act.ts";
import { codeOf } from "../../src/domain/error.ts";
import type { Held } from "../../src/policy/held.ts";
import { openBeneath } from "../../src/policy/paths.ts";

/** Opens, uses and closes; answers the code of a refusal instead. */
export async function reach<T>(
  { roots }: { readonly roots: readonly FileRoot[] },
  path: string,
  mode: "ro" | "rw",
  use: (held: Held) => Promise<T>,
): Promise<T | string> {
  try {
    const held = openBeneath(roots, path, mode, { makeParents: mode === "rw" });
    try {
      return await use(held);
    } finally {
      held.close();
    }
  } catch (error) {
    return codeOf(error);
  }
}

export const read = (place: { readonly roots: readonly FileRoot[] }, path: string): Promise<string> =>
  reach(place, path, "ro", async (held) => String(await held.readWhole(1_000_000)));
export const write = (
  place: { readonly roots: readonly FileRoot[] },
  path: string,
  text = "new",
): Promise<string> =>
  reach(place, path, "rw", async (held) => {
    await held.replace({ bytes: Buffer.from(text), key: "k" });
    return "ok";
  });
