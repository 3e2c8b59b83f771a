// What the final answer of a task must be when it is data and not prose. It is stored with the task, so that a change of
// the configuration does not change what a task that was accepted must answer.

export interface OutputSpec {
  /** 1 to 64 letters, digits, `_` or `-`: some vendors show it to the model. */
  readonly name: string;
  /** A JSON Schema (2020-12) that compiles. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** How often the model is asked again for an answer that does not fit. */
  readonly maxRetries: number;
}

export const OUTPUT_NAME = "answer";
export const OUTPUT_NAME_PATTERN = /^[a-zA-Z0-9_-]{1,64}$/;
export const OUTPUT_RETRIES = 2;
