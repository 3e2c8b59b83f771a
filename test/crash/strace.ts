// Strace as the rigs use it: to count, order and interrupt the syscalls of the daemon by which anything becomes durable.

import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { until } from "../support/wait.ts";

/** Every syscall by which the daemon changes a file's content, its durability or its name. */
export const WRITE_SYSCALLS = [
  "pwrite64",
  "fdatasync",
  "fsync",
  "ftruncate",
  "unlink",
  "rename",
  "renameat2",
  "linkat",
] as const;
export type WriteSyscall = (typeof WRITE_SYSCALLS)[number];

/** Why strace cannot be used here, or undefined when it can. */
export function straceMissing(): string | undefined {
  const tried = spawnSync("strace", ["-f", "-o", "/dev/null", "true"], { encoding: "utf8" });
  if (tried.error) return "strace is not installed";
  if (tried.status !== 0) return `strace may not trace here: ${tried.stderr.trim()}`;
  return undefined;
}

/**
 * Words that make the traced program die as one of its threads enters the nth call of `syscall`. No --seccomp-bpf here:
 * with it strace 6.1 does not count calls for `when`.
 */
export function killAt(syscall: WriteSyscall, nth: number): string[] {
  const inject = `inject=${syscall}:signal=KILL:when=${nth}`;
  return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", `trace=${syscall}`, "-e", inject];
}

/** Sets the same trap for a daemon that runs already; resolves once every thread of it is watched. */
export async function attachKill(pid: number, syscall: WriteSyscall, nth: number): Promise<void> {
  const [command, ...words] = killAt(syscall, nth);
  const tracer = spawn(command!, [...words, "-p", String(pid)], { stdio: "ignore" });
  await until("strace to watch every thread of the daemon", () => {
    if (tracer.exitCode !== null) throw new Error(`strace could not attach (exit ${tracer.exitCode})`);
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.every((thread) => {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
      return !/^TracerPid:\s+0$/m.test(status);
    });
  });
}

/** Words that write every write syscall to `file`, one line each. */
export function countInto(file: string): string[] {
  return ["strace", "-f", "-qq", "--seccomp-bpf", "-o", file, "-e", `trace=${WRITE_SYSCALLS.join(",")}`];
}

/** Words that write the order of file writes, syncs and socket writes to `file`, with the paths behind descriptors. */
export function orderInto(file: string): string[] {
  const calls = "pwrite64,fdatasync,fsync,write,writev,sendto,sendmsg";
  return ["strace", "-f", "-qq", "-y", "-s", "48", "-o", file, "-e", `trace=${calls}`];
}

/** How often each write syscall was entered by the thread that entered it most, from a trace of `countInto`. */
export function busiestThread(trace: string): Map<WriteSyscall, number> {
  const perThread = new Map<string, number>();
  const most = new Map<WriteSyscall, number>();
  for (const line of trace.split("\n")) {
    const entered = /^(\d+) +(\w+)\(/.exec(line);
    const syscall = WRITE_SYSCALLS.find((name) => name === entered?.[2]);
    if (!entered || !syscall) continue;
    const thread = `${entered[1]} ${syscall}`;
    const count = (perThread.get(thread) ?? 0) + 1;
    perThread.set(thread, count);
    most.set(syscall, Math.max(count, most.get(syscall) ?? 0));
  }
  return most;
}
