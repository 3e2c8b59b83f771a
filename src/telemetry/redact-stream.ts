// Redacts a text that arrives in pieces: what may be the beginning of a secret is held back until the next piece shows
// whether it is one.

import { OWN_KEY_START, type Redact } from "./redact.ts";

export interface StreamRedactor {
  /** The part of what came so far that can be shown; it never ends inside a secret. */
  push(piece: string): string;
  /** What was held back, at the end. */
  flush(): string;
}

/** `values` are the exact forms that `redact` hides. */
export function createStreamRedactor(values: readonly string[], redact: Redact): () => StreamRedactor {
  const longest = Math.max(0, ...values.map(({ length }) => length));
  const first = new Set(values.map((value) => value[0] ?? ""));
  /** Where a beginning of a secret starts at the end of the text; its length when there is none. */
  const heldFrom = (text: string): number => {
    const ownKey = OWN_KEY_START.exec(text)?.index ?? text.length;
    for (let at = Math.max(0, text.length - longest + 1); at < ownKey; at++) {
      if (!first.has(text[at] ?? "")) continue;
      const tail = text.slice(at);
      if (values.some((value) => value.startsWith(tail))) return at;
    }
    return ownKey;
  };
  return () => {
    let held = "";
    return {
      push: (piece) => {
        const text = redact(held + piece);
        const at = heldFrom(text);
        held = text.slice(at);
        return text.slice(0, at);
      },
      flush: () => {
        const rest = redact(held);
        held = "";
        return rest;
      },
    };
  };
}
