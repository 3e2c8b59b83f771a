// Signed heads of the audit chain, kept beside it: a chain that was cut off at its end, or put back to an older one, no
// longer reaches the last head that was signed. Whoever has the home and its key can forge both; the chain finds
// accidents, partial tampering and other programs.

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";

/** One line of logs/audit.checkpoints. */
export interface Checkpoint {
  readonly seq: number;
  readonly hash: string;
  readonly at: string;
  /** Ed25519 over `seq`, `hash` and `at`, base64. */
  readonly signature: string;
}

/** A new signing key as PEM text. */
export function newAuditKey(): string {
  return generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}

/** Throws when the text is no Ed25519 key in PEM. */
export function readAuditKey(pem: string): KeyObject {
  return createPrivateKey(pem);
}

export function signCheckpoint(key: KeyObject, seq: number, hash: string, at: string): Checkpoint {
  return { seq, hash, at, signature: sign(null, signedText(seq, hash, at), key).toString("base64") };
}

export function isSigned(key: KeyObject, { seq, hash, at, signature }: Checkpoint): boolean {
  return verify(
    null,
    signedText(seq, hash, at),
    createPublicKey(key),
    Buffer.from(String(signature), "base64"),
  );
}

function signedText(seq: number, hash: string, at: string): Buffer {
  return Buffer.from(`goclaw audit\n${seq}\n${hash}\n${at}`);
}
