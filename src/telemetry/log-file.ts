// The file that log lines go into. It is put aside when it has grown, and only a few of those are kept, so that whatever
// fills it fills a bounded part of the disk. A line that cannot be written is lost; it never stops the work.

import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";

export interface LogFile {
  write(line: string): void;
}

export interface LogFileOptions {
  readonly file: string;
  readonly bytesMax: number;
  /** How many old ones are kept: `file.1` is the newest of them. */
  readonly kept: number;
}

export function openLogFile({ file, bytesMax, kept }: LogFileOptions): LogFile {
  let handle = openSync(file, "a", 0o600);
  let bytes = fstatSync(handle).size;
  const rotate = (): void => {
    for (let number = kept; number > 0; number--)
      renameIfThere(number === 1 ? file : `${file}.${number - 1}`, `${file}.${number}`);
    const next = openSync(file, "a", 0o600);
    closeSync(handle);
    handle = next;
    bytes = fstatSync(handle).size;
  };
  return {
    write: (line) => {
      const size = Buffer.byteLength(line);
      try {
        if (bytes > 0 && bytes + size > bytesMax) rotate();
        writeSync(handle, line);
        bytes += size;
      } catch {
        // A full disk is told by those who were asked to store something.
      }
    },
  };
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    // There were fewer.
  }
}
