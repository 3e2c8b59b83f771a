// The home's bearer token, read again when its file changes, so that a rotated token is refused from the next request.

import { statSync } from "node:fs";
import type { Paths } from "../config/paths.ts";
import { readToken } from "../config/token.ts";

export function createTokenReader(paths: Paths): () => string {
  let seen = "";
  let token = "";
  return () => {
    const { ino, mtimeMs, size } = statSync(paths.token);
    const state = `${ino} ${mtimeMs} ${size}`;
    if (state !== seen) {
      token = readToken(paths);
      seen = state;
    }
    return token;
  };
}
