// A program for children.test.ts: starts three kinds of children under argv[2], prints their pids, and waits to be
// killed.

import { createInterface } from "node:readline";
import { openChildren } from "../../../src/sandbox/children.ts";

const children = openChildren(process.argv[2]!);
const LINES = [
  "echo $$; exec sleep 1000", // plain
  "setsid sh -c 'echo $$; exec sleep 1000' & wait", // in another session, with its environment
  "exec env -i /bin/sh -c 'echo $$; sleep 1000 & wait'", // without environment, in its session
];
for (const line of LINES) {
  const env = { PATH: "/usr/bin:/bin" };
  const child = await children.start({ name: "test", argv: ["/bin/sh", "-c", line], cwd: "/", env });
  createInterface(child.stdout).on("line", (text) => process.stdout.write(`${text}\n`));
}
