// The bearer token of a home: one line in auth.token that proves a caller may talk to the daemon. The file is always
// whole; a token that is missing, short or torn is an error and never an open door.

import { GoclawError, messageOf } from "../domain/error.ts";
import type { Random } from "../domain/time.ts";
import { errnoOf, readText, replaceFile } from "./files.ts";
import type { Paths } from "./paths.ts";

export type TokenSource = Pick<Random, "bytes">;

const TOKEN_BYTES = 32;
/** A token of one's own is accepted, but not a guessable one. */
const TOKEN_FORM = /^[\x21-\x7e]{16,512}$/;

/** A fresh token as the text of the file: 32 random bytes in base64url and a newline. */
export function newToken(random: TokenSource): string {
  return `${Buffer.from(random.bytes(TOKEN_BYTES)).toString("base64url")}\n`;
}

/** Throws CONFIG_INVALID when there is no usable token. */
export function readToken(paths: Paths): string {
  const token = readTokenText(paths.token).trim();
  if (TOKEN_FORM.test(token)) return token;
  throw unusable(paths.token, "does not hold a token of 16 to 512 visible characters");
}

/** Writes a new token in place of the old one and returns it. Callers with the old one are locked out. */
export function rotateToken(paths: Paths, random: TokenSource): string {
  const text = newToken(random);
  replaceFile(paths.token, text);
  return text.trim();
}

function readTokenText(file: string): string {
  try {
    return readText(file, 4096);
  } catch (error) {
    throw unusable(
      file,
      errnoOf(error) === "ENOENT" ? "does not exist" : `cannot be read (${messageOf(error)})`,
    );
  }
}

function unusable(file: string, what: string): GoclawError {
  return new GoclawError(
    "CONFIG_INVALID",
    `${file}: ${what} — run \`goclaw token rotate\` to write a new one`,
  );
}
