// What of the kernel itself a sandbox shows. Settings belong to root and are written by whoever is root outside, in a
// sandbox of root's as well and without any capability: there is no other wall before the whole machine, so they are
// mounted read-only, and what tells of other processes is not shown.

import { existsSync } from "node:fs";
import { join } from "node:path";

const SETTINGS = [
  ...["acpi", "asound", "bus", "driver", "dynamic_debug", "fs", "irq", "mtrr", "pressure", "scsi", "sys"],
  ...["sysrq-trigger", "sysvipc", "tty"],
];
const TELLING = ["kcore", "key-users", "keys", "latency_stats", "sched_debug", "timer_list", "timer_stats"];

/** Arguments of bubblewrap, to stand behind `--proc /proc`. */
export function kernelMounts(): string[] {
  const there = (names: readonly string[]): string[] =>
    names.map((name) => join("/proc", name)).filter((path) => existsSync(path));
  return [
    ...there(SETTINGS).flatMap((path) => ["--ro-bind", path, path]),
    ...there(TELLING).flatMap((path) => ["--ro-bind", "/dev/null", path]),
  ];
}
