// What is mounted over a path that a command may not touch as it is.

/** `pinned`: writable, but cannot be renamed. `read`: not writable. `empty_*`: neither seen nor written. */
export interface Cover {
  readonly path: string;
  readonly as: "pinned" | "read" | "empty_file" | "empty_directory";
}
