// A command line that is wrong: exit code 2.

export class UsageError extends Error {
  /** The command whose help says how it is right. */
  readonly words: readonly string[];

  constructor(message: string, words: readonly string[] = []) {
    super(message);
    this.name = "UsageError";
    this.words = words;
  }
}
