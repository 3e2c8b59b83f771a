// The secrets in use and what hides them. A secret that comes while the daemon runs is hidden from then on by everything
// that was made before; none is ever forgotten, because what was one may still be written somewhere.

import { createRedactor, createValueRedactor, type Redact, secretForms } from "./redact.ts";
import { createStreamRedactor, type StreamRedactor } from "./redact-stream.ts";

export interface Secrets {
  /** Values and known shapes. */
  readonly redact: Redact;
  /** Values and our own keys alone. */
  readonly hide: Redact;
  readonly createCleaner: () => StreamRedactor;
  readonly add: (secret: string) => void;
}

export function createSecrets(first: readonly string[]): Secrets {
  const known = new Set(first);
  const make = () => {
    const all = [...known];
    const hide = createValueRedactor(all);
    return {
      redact: createRedactor(all),
      hide,
      createCleaner: createStreamRedactor(secretForms(all), hide),
    };
  };
  let now = make();
  return {
    redact: (text) => now.redact(text),
    hide: (text) => now.hide(text),
    createCleaner: () => now.createCleaner(),
    add: (secret) => {
      if (known.has(secret)) return;
      known.add(secret);
      now = make();
    },
  };
}
