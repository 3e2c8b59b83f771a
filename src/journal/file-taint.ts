// Text from outside does not become anybody's own by lying in a file: which files a task wrote while its session held
// some. A file is marked in the transaction of the intent to write it, and free again when a session that holds none
// writes the whole of it anew.

import type { Reader } from "../store/reader.ts";
import type { Tx } from "../store/tx.ts";

export interface WrittenFiles {
  /** Absolute. */
  readonly paths: readonly string[];
  /** Where the text from outside came from; null when the session holds none. */
  readonly source: string | null;
  /** Nothing of what they were is left. */
  readonly isWhole: boolean;
}

export interface MarkedFile {
  readonly path: string;
  readonly source: string;
}

const MARK_SQL = `
  INSERT INTO file_taint (path, source, at) VALUES (@path, @source, @now)
  ON CONFLICT (path) DO UPDATE SET source = @source, at = @now`;

const FREE_SQL = "DELETE FROM file_taint WHERE path = @path";

/** Inside the transaction of the intent. */
export function noteWritten(tx: Tx, { paths, source, isWhole }: WrittenFiles): void {
  for (const path of paths) {
    if (source !== null) tx.run(MARK_SQL, { path, source, now: tx.nowMs });
    else if (isWhole) tx.run(FREE_SQL, { path });
  }
}

// `0` follows `/`: all that begins with the path and a slash.
const MARKED_SQL = `
  SELECT path, source FROM file_taint
  WHERE path = @path OR (path > @path || '/' AND path < @path || '0') ORDER BY path LIMIT 10000`;

/** The file itself, or those below the directory. */
export function markedFiles(reader: Reader, path: string): MarkedFile[] {
  return reader.all<MarkedFile>(MARKED_SQL, { path });
}
