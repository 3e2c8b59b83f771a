// The other side of the race G-05, a process of its own: at PATH it keeps exchanging a real directory and a symbolic
// link to OUTSIDE, as fast as it can, until it is killed. Usage: node flipper.ts PATH OUTSIDE

import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";

const [, , path = "", outside = ""] = process.argv;
const [real, link] = [`${path}.real`, `${path}.link`];
const STAY_NS = 20_000n;
let swept = 0;

/** Puts `next` at the path, out of whose way a directory goes that a writer made there in between. */
function put(next: string): void {
  for (;;) {
    try {
      renameSync(next, path);
      break;
    } catch {
      renameSync(path, `${path}.swept-${swept++}`);
    }
  }
  const until = process.hrtime.bigint() + STAY_NS;
  while (process.hrtime.bigint() < until);
}

mkdirSync(real);
writeFileSync(`${real}/secret.txt`, "inside");
symlinkSync(outside, link);
put(real);
process.stdout.write("ready\n");
for (;;) {
  renameSync(path, real);
  put(link);
  renameSync(path, link);
  put(real);
}
