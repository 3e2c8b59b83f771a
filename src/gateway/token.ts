// The home's bearer token, read again when its file changes, so that a rotated token is refused from the next request. A
// file that is watched is looked at only when something stirred it.

import { statSync } from "node:fs";
import type { Paths } from "../config/paths.ts";
import { readToken } from "../config/token.ts";

/**
 * `onRotated` is told a token that took another one's place, before anybody is let in with it. `isStill` says that the
 * file is as it was when it was last read.
 */
export function createTokenReader(
  paths: Paths,
  onRotated: (token: string) => void,
  isStill: () => boolean,
): () => string {
  let seen = "";
  let token: string | undefined;
  return () => {
    if (token !== undefined && isStill()) return token;
    const { ino, mtimeMs, size } = statSync(paths.token);
    const state = `${ino} ${mtimeMs} ${size}`;
    if (state === seen && token !== undefined) return token;
    const before = token;
    token = readToken(paths);
    seen = state;
    if (before !== undefined && before !== token) onRotated(token);
    return token;
  };
}
