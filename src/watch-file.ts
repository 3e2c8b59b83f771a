// Tells when one file changes, is replaced or comes back. By inode, and not by its directory: the database lies in the
// same one, and every commit would be news. A library for this weighs 9 MB, a tenth of what the daemon may weigh at rest.

import { type FSWatcher, watch } from "node:fs";

/** Editors write a file in several steps; what it says a moment after the last of them counts. */
const QUIET_MS = 100;
/** How often a file that is gone is looked for. */
const GONE_MS = 1_000;

/**
 * Calls `onChange` once at the start as well; `isWatched`: whatever happens to the file from now on will be heard. Calls
 * `onStir` as soon as something happened, before it is known to be over. Returns how to stop.
 */
export function watchFile(
  file: string,
  onChange: (isWatched: boolean) => void,
  onStir: () => void = () => {},
): () => void {
  let watcher: FSWatcher | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let wasGone = false;

  const soon = (ms: number, act: () => void): void => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(act, ms).unref();
  };
  const settle = (): void => {
    // A file that was replaced is another inode: watched anew before it is read, so that nothing falls between.
    const isThere = attach();
    if (isThere || !wasGone) onChange(isThere);
    wasGone = !isThere;
    if (!isThere) soon(GONE_MS, settle);
  };
  const stir = (ms: number): void => {
    onStir();
    soon(ms, settle);
  };
  const attach = (): boolean => {
    watcher?.close();
    watcher = undefined;
    try {
      watcher = watch(file, { persistent: false }, () => stir(QUIET_MS));
      watcher.on("error", () => stir(GONE_MS));
      return true;
    } catch {
      return false; // gone for the moment
    }
  };
  soon(0, settle);
  return () => {
    stopped = true;
    clearTimeout(timer);
    watcher?.close();
  };
}
