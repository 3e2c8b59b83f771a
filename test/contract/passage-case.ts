// What becomes of one field of a client's own request at each vendor, and the words in which tables say so.

import type { Dialect } from "../support/vendors/dialect.ts";

export interface Case {
  /** Laid over a plain request. */
  readonly given: Readonly<Record<string, unknown>>;
  /** The place that a refusal names, when that is not the field. */
  readonly param?: string;
  /** The piece of each vendor's request that shows it; a vendor that is not here refuses the field. */
  readonly wire: Partial<Record<Dialect["type"], object>>;
}

/** The same field in the two APIs of OpenAI's, as it came. */
export const bothAs = (given: object): Case["wire"] => ({ openai: given, responses: given });

export const chatOnly = (given: Case["given"]): Case => ({ given, wire: { openai: given } });

export const nobody = (given: Case["given"], param?: string): Case => ({
  ...{ given, wire: {} },
  ...(param !== undefined && { param }),
});
