// The body of an HTTP answer as text, in the character set it says or UTF-8.

import { TextDecoder } from "node:util";
import type { Fetched } from "../policy/egress-request.ts";

type Answer = Extract<Fetched, { type: "answered" }>;

const HEAD_BYTES = 1_024;

export function mediaTypeOf({ headers }: Answer): string {
  return (headers["content-type"] ?? "text/plain").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** Bytes that are no character become U+FFFD; an unknown character set is read as UTF-8. */
export function textOf(answer: Answer): string {
  const declared = /charset\s*=\s*["']?([\w.:-]{1,40})/i;
  const head = new TextDecoder("latin1").decode(answer.body.subarray(0, HEAD_BYTES));
  const [, name = "utf-8"] =
    declared.exec(answer.headers["content-type"] ?? "") ??
    declared.exec(mediaTypeOf(answer).includes("html") ? head : "") ??
    [];
  return decoderOf(name).decode(answer.body);
}

function decoderOf(name: string): TextDecoder {
  try {
    return new TextDecoder(name);
  } catch {
    return new TextDecoder();
  }
}
