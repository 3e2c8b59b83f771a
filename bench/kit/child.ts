// Measurements run in processes of their own, all on the same Node: one JSON input on the command line, messages back
// over IPC, the last of them the result. Everything started here is ended by its pid, at the latest on exit.

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { BENCH, NODE } from "./place.ts";

const living = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

/** Keeps a process on the list of those that end with this one. */
export function adopt(child: ChildProcess): Promise<number | null> {
  living.add(child);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      living.delete(child);
      resolve(code);
    });
  });
}

export interface Child {
  readonly pid: number;
  /** The next message the child sends; rejects when it ends first. */
  message<Message>(): Promise<Message>;
  /** SIGTERM, then waits for the end. */
  stop(): Promise<void>;
}

/** Starts `script`, a path below bench/; it reads its input with `childInput`. */
export function startChild(script: string, input: object): Child {
  const child = spawn(NODE, [join(BENCH, script), JSON.stringify(input)], {
    cwd: BENCH,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const inbox: unknown[] = [];
  const readers: PromiseWithResolvers<unknown>[] = [];
  const ended = adopt(child).then((code) => {
    for (const { reject } of readers.splice(0)) reject(new Error(`${script} ended with code ${code}`));
  });
  child.on("message", (message) => {
    const reader = readers.shift();
    if (reader === undefined) inbox.push(message);
    else reader.resolve(message);
  });
  return {
    pid: child.pid ?? 0,
    message: async <Message>() => {
      if (inbox.length > 0) return inbox.shift() as Message;
      const reader = Promise.withResolvers<unknown>();
      readers.push(reader);
      return (await reader.promise) as Message;
    },
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

const DEADLINE_MS = 120_000;

/** Runs `script` to its one message; rejects when none came in two minutes. */
export async function measure<Result>(script: string, input: object): Promise<Result> {
  const child = startChild(script, input);
  const timer = setTimeout(() => void child.stop(), DEADLINE_MS);
  const result = await child.message<Result>();
  clearTimeout(timer);
  await child.stop();
  return result;
}

/** Inside a child: what it was given. From here on it ends when its parent does. */
export function childInput<Input>(): Input {
  process.on("disconnect", () => process.exit(1));
  return JSON.parse(process.argv[2] ?? "{}") as Input;
}

/** Inside a child: tells the parent; resolves when the message is on its way. */
export function tell(message: object): Promise<void> {
  return new Promise((resolve) => process.send?.(message, () => resolve()));
}
