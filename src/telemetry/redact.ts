// Keeps secrets out of everything that is stored or printed: exact values of the keys in use, and shapes that keys of
// known vendors have. Applied before anything is cut to length, so that half a key cannot survive.

import { LEAST_SECRET_CHARS } from "../domain/secret.ts";

const MARK = "[redacted]";

/** An API key of ours: no text holds one by chance. Without a boundary, so that it is the same one in pieces of a text. */
const OWN_KEY = /gck_[0-9a-f]{12}_[A-Za-z0-9_-]{43}/g;
/** What may be the beginning of one, at the end of a text. */
export const OWN_KEY_START = /g(?:c|ck|ck_[0-9a-f]{0,12}|ck_[0-9a-f]{12}_[A-Za-z0-9_-]{0,42})?$/;

/** Shapes of credentials, linear to match. */
const SHAPES: readonly RegExp[] = [
  /\bsk-[A-Za-z0-9_-]{16,}/g,
  /\bgck_[A-Za-z0-9_-]{20,}/g,
  /\bAIza[A-Za-z0-9_-]{30,}/g,
  /\bgh[pousr]_[A-Za-z0-9]{20,}/g,
  /\bgithub_pat_[A-Za-z0-9_]{20,}/g,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g,
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s]{1,8192}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?/g,
  /\bBearer [A-Za-z0-9._~+/=-]{16,}/gi,
  /\bBasic [A-Za-z0-9+/=_-]{16,}/g,
  /\b\d{8,10}:AA[A-Za-z0-9_-]{33}/g,
  /\bAGE-SECRET-KEY-1[A-Z0-9]{50,70}/g,
  /(?<=:\/\/)[^\s:@/]{1,100}:[^\s@/]{1,200}(?=@)/g,
];

/** Replaces secrets in a text. */
export type Redact = (text: string) => string;

/** Exact values and known shapes: for logs, results of tools, audit, messages. */
export function createRedactor(secrets: readonly string[]): Redact {
  const hide = createValueRedactor(secrets);
  return (text) => {
    let clean = hide(text);
    for (const shape of SHAPES) clean = clean.replace(shape, MARK);
    return clean;
  };
}

/** Shapes alone, for sinks of errors: what somebody wrote in the wrong place is quoted there. */
export const redactShapes: Redact = createRedactor([]);

/** Exact values and our own keys alone: for what people write, where a vendor's shape may be meant. `secrets` that are short are none. */
export function createValueRedactor(secrets: readonly string[]): Redact {
  const values = secretForms(secrets);
  return (text) => {
    let clean = text;
    if (text.length < LEAST_SECRET_CHARS) return text;
    for (const value of values) if (clean.includes(value)) clean = clean.replaceAll(value, MARK);
    if (hasFullLine(clean)) clean = hideWrapped(clean, values);
    return clean.includes("gck_") ? clean.replace(OWN_KEY, MARK) : clean;
  };
}

const WRAPPED_CHARS = 40;

/** Whether some line ends in as many characters without a space as wrapped encodings have: prose does not. */
function hasFullLine(text: string): boolean {
  for (let at = text.indexOf("\n", WRAPPED_CHARS); at >= 0; at = text.indexOf("\n", at + 1))
    if (!/\s/.test(text.slice(at - WRAPPED_CHARS, at - 1))) return true;
  return false;
}

/** Encodings are broken into lines of one width, wherever in a secret a line ends. */
function hideWrapped(text: string, values: readonly string[]): string {
  const joined = text.replaceAll(/\r?\n/g, "");
  let clean = text;
  for (const value of values) {
    if (!joined.includes(value)) continue;
    const units = [...value].map((unit) => `\\u{${unit.codePointAt(0)?.toString(16)}}`);
    clean = clean.replace(new RegExp(units.join("(?:\\r?\\n)?"), "gu"), MARK);
  }
  return clean;
}

/** Every form in which a value is looked for, the longest first: of two that begin alike neither leaves a tail. */
export function secretForms(secrets: readonly string[]): string[] {
  const values = [...new Set(secrets.filter(({ length }) => length >= LEAST_SECRET_CHARS).flatMap(formsOf))];
  return values.sort((a, b) => b.length - a.length);
}

/** As it is, and as it looks inside a URL, a JSON string, hexadecimal, and both alphabets of base64. */
function formsOf(secret: string): string[] {
  const url = encodeURIComponent(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  const hex = Buffer.from(secret).toString("hex");
  const smallUrl = url.replace(/%../g, (code) => code.toLowerCase());
  return [secret, url, smallUrl, json, hex, hex.toUpperCase(), ...base64Forms(secret)];
}

/** Base64 of a longer text shows a secret in one of three ways, by where in it the secret begins. */
function base64Forms(secret: string): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
    const whole = Math.floor((bytes.length * 8) / 6); // characters that depend on nothing after the secret
    const from = Math.ceil((offset * 8) / 6);
    return (["base64", "base64url"] as const)
      .map((alphabet) => bytes.toString(alphabet).slice(from, whole))
      .filter(({ length }) => length >= LEAST_SECRET_CHARS);
  });
}

/** A copy of plain data with every string redacted; the same object when there was nothing to hide. */
export function redactData<T>(value: T, redact: Redact): T {
  if (typeof value === "string") return redact(value) as T;
  if (typeof value !== "object" || value === null) return value;
  let copy: Record<string, unknown> | unknown[] | undefined;
  for (const [key, item] of Object.entries(value)) {
    const clean = redactData<unknown>(item, redact);
    if (clean === item) continue;
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown> | unknown[];
    (copy as Record<string, unknown>)[key] = clean;
  }
  return (copy ?? value) as T;
}
