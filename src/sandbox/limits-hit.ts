// Reads from a command's end which limit ended it, in words for the model.

import type { Hits } from "./cgroup.ts";
import { LIMITS } from "./limits.ts";
import type { Exit } from "./spawn.ts";

const SIGNALS_FROM = 128;
const SIGXCPU = 24;
const SIGXFSZ = 25;

export function limitsHit({ code, signal }: Exit, hits: Hits | undefined): string[] {
  const is = (number: number, name: string): boolean => code === SIGNALS_FROM + number || signal === name;
  return [
    ...(hits?.memory === true ? ["it used more memory than it may and was ended"] : []),
    ...(hits?.processes === true ? [`it wanted more than ${LIMITS.processes} processes at once`] : []),
    ...(is(SIGXFSZ, "SIGXFSZ") ? [`it wrote a file larger than ${LIMITS.fileBytes} bytes`] : []),
    ...(is(SIGXCPU, "SIGXCPU") ? [`it used more than ${LIMITS.cpuSeconds} seconds of processor time`] : []),
  ];
}
