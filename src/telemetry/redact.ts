// Keeps secrets out of everything that is stored or printed: exact values of the keys in use, and shapes that keys of
// known vendors have. Applied before anything is cut to length, so that half a key cannot survive.

const MARK = "[redacted]";
const LEAST_SECRET_CHARS = 8;

/** Shapes of credentials, linear to match. */
const SHAPES: readonly RegExp[] = [
  /\bsk-[A-Za-z0-9_-]{16,}/g,
  /\bgck_[0-9a-f]{12}_[A-Za-z0-9_-]{43}/g,
  /\bAIza[A-Za-z0-9_-]{30,}/g,
  /\bgh[pousr]_[A-Za-z0-9]{20,}/g,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}/g,
  /\bBearer [A-Za-z0-9._~+/=-]{16,}/gi,
];

/** Returns a function that replaces secrets in a text. `secrets` are exact values; short ones are not secrets. */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  // The longest first: a secret that begins like another must not leave its tail.
  const values = [...new Set(secrets.filter(({ length }) => length >= LEAST_SECRET_CHARS).flatMap(formsOf))];
  values.sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const value of values) clean = clean.replaceAll(value, MARK);
    for (const shape of SHAPES) clean = clean.replace(shape, MARK);
    return clean;
  };
}

/** As it is, and as it looks inside a URL, a JSON string and both alphabets of base64. */
function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString("base64").replace(/=+$/, "");
  const base64url = Buffer.from(secret).toString("base64url");
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), base64, base64url];
}
