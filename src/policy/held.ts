// What the path guard hands out: a file or directory held by its descriptor, or a free name in a held directory. Reading
// and writing go through the descriptors, so they reach what was judged even when its name means something else by then.

import { closeSync, constants, type Dir, promises as fs, type Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { diskError, type Entry, refusal, wayTo } from "./descent.ts";
import { type Content, placeFile, removeIfThere, syncDirectory } from "./replace.ts";

export interface Held {
  /** Absolute, as judged. */
  readonly at: string;
  /** As the model wrote it, safe to show. */
  readonly shown: string;
  readonly kind: "file" | "directory" | "absent";
  /** What is held; undefined when the name is free. */
  readonly target: Entry | undefined;
  /** For reading. TOOL_FAILED when it is no file. */
  openFile(): Promise<FileHandle>;
  /** The whole file; LIMIT_SIZE when it is longer than `bytesMax`. */
  readWhole(bytesMax: number): Promise<Buffer>;
  /** The names in the directory, as a stream that the caller closes. */
  openNames(): Promise<Dir>;
  /** Puts a new file in the name's place: the old one or the new one, never a part. Keeps the old one's mode. */
  replace(content: Content): Promise<void>;
  /** Removes the file at the name; it may be gone already. */
  remove(): Promise<void>;
  close(): void;
}

export interface HeldParts {
  readonly directory: Entry;
  /** Undefined for a root itself. */
  readonly name: string | undefined;
  readonly target: Entry | undefined;
  readonly at: string;
  readonly shown: string;
  /** False when another Held closes the directory. */
  readonly ownsDirectory: boolean;
}

export function heldAt({ directory, name, target, at, shown, ownsDirectory }: HeldParts): Held {
  const it = name === undefined ? directory : target;
  const kind = it === undefined ? "absent" : it.stats.isDirectory() ? "directory" : "file";
  const need = (wanted: "file" | "directory"): Entry => {
    if (it !== undefined && kind === wanted) return it;
    const why =
      kind === "absent" ? "it does not exist; list_directory shows what there is" : `it is a ${kind}`;
    throw refusal("TOOL_FAILED", shown, why);
  };
  const slot = (): string => {
    if (name !== undefined && kind !== "directory") return name;
    throw refusal("TOOL_FAILED", shown, "it is a directory");
  };
  const openFile = async (): Promise<FileHandle> => {
    const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;
    return reporting(shown, () => fs.open(wayTo(need("file").fd), O_RDONLY | O_NONBLOCK | O_NOCTTY));
  };
  return {
    ...{ at, shown, kind, target: it, openFile },
    readWhole: async (bytesMax) => {
      const file = await openFile();
      try {
        return await reporting(shown, () => readAtMost(file, bytesMax, shown));
      } finally {
        await file.close();
      }
    },
    openNames: () =>
      reporting(shown, () => fs.opendir(wayTo(need("directory").fd), { bufferSize: NAMES_AT_ONCE })),
    replace: (content) =>
      reporting(shown, () => placeFile({ directory, name: slot(), old: oldOf(it), shown }, content)),
    remove: () =>
      reporting(shown, async () => {
        removeIfThere(wayTo(directory.fd, slot()));
        await syncDirectory(directory);
      }),
    close: () => {
      if (target !== undefined) closeSync(target.fd);
      if (ownsDirectory) closeSync(directory.fd);
    },
  };
}

const NAMES_AT_ONCE = 512;
const CHUNK_BYTES = 65_536;

const oldOf = (entry: Entry | undefined): Stats | undefined => entry?.stats;

/** By what is read and not by the size it says: a file may grow. */
async function readAtMost(file: FileHandle, bytesMax: number, shown: string): Promise<Buffer> {
  const tooLong = (): Error => refusal("LIMIT_SIZE", shown, `the file is larger than ${bytesMax} bytes`);
  const { size } = await file.stat();
  if (size > bytesMax) throw tooLong();
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
    if (bytesRead === 0) return Buffer.concat(chunks, total);
    total += bytesRead;
    if (total > bytesMax) throw tooLong();
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

async function reporting<T>(shown: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw diskError(error, shown);
  }
}
