// What one command may use. The kernel keeps these: rlimits for each process, set inside the sandbox so that only its
// own processes count, and a control group for all of them together.

export const LIMITS = {
  processes: 128,
  openFiles: 256,
  fileBytes: 268_435_456,
  cpuSeconds: 120,
  /** /tmp and /dev/shm inside live in memory. */
  tmpBytes: 268_435_456,
  sharedBytes: 67_108_864,
  /** Kept of each of stdout and stderr; the rest is read and thrown away. */
  outputBytes: 262_144,
  timeoutMs: 30_000,
  timeoutMsMax: 120_000,
  graceMs: 2_000,
  /** How long a pipe is read that somebody else still holds when the command has ended. */
  pipeMs: 1_000,
} as const;

const PRLIMIT = "/usr/bin/prlimit";

/** `prlimit … argv`: it sets the limits on itself and becomes the program. */
export function limitedArgv(argv: readonly string[]): readonly [string, ...string[]] {
  const { processes, openFiles, fileBytes, cpuSeconds } = LIMITS;
  return [
    PRLIMIT,
    `--nproc=${processes}`,
    `--nofile=${openFiles}`,
    `--fsize=${fileBytes}`,
    `--cpu=${cpuSeconds}`,
    "--core=0",
    "--",
    ...argv,
  ];
}

/** Seconds as a model gives them, as milliseconds within what is allowed. */
export function clampTimeoutMs(seconds: number | undefined): number {
  if (seconds === undefined || Number.isNaN(seconds)) return LIMITS.timeoutMs;
  return Math.min(Math.max(seconds * 1_000, 1), LIMITS.timeoutMsMax);
}
