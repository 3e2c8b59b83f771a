// The way to a daemon for one call: the one that runs, else one in this process that ends with the call. When the
// running one goes away in the middle, the next one takes its place.

import { setTimeout as pause } from "node:timers/promises";
import type { Paths } from "../config/paths.ts";
import type { Daemon, DaemonOptions } from "../daemon.ts";
import { codeOf, GoclawError } from "../domain/error.ts";
import { type Api, LostDaemon } from "./api.ts";
import type { Context, GlobalOptions, Signal } from "./context.ts";
import { Interrupted } from "./interrupted.ts";
import { apiOf, findDaemon } from "./running.ts";

export interface Link {
  /** The daemon now. */
  readonly api: Api;
  /** True when the daemon is in this process. */
  readonly own: boolean;
  /** After a LostDaemon: finds another daemon, or becomes one. */
  renew(): Promise<void>;
  /** Stops a daemon of our own, with its drain; `hurry` ends the drain's wait. */
  close(): Promise<void>;
  hurry(): void;
}

/** How long another daemon may take to come back before this process becomes one. */
const RETURN_MS = 5_000;
/** How long a daemon that holds the lock may take until it answers. */
const OTHER_START_MS = 30_000;
const LOOK_EVERY_MS = 50;

export interface LinkUse {
  /** Runs before this process becomes the daemon; throws to refuse. */
  readonly beforeOwn?: () => Promise<void>;
  /** What a signal does while the link is used; by default it ends the use. While the link closes, it hurries. */
  readonly onSignal?: (signal: Signal) => void;
  /** True when a daemon of our own shall run tasks; by default it only answers. */
  readonly takesWork?: boolean;
  /** True when schedules shall fire in it as well, because it stays. */
  readonly keepsTime?: boolean;
}

/** Opens a link, uses it, and closes it whatever happens. */
export async function withLink<T>(
  context: Context,
  paths: Paths,
  options: GlobalOptions,
  { beforeOwn = async () => {}, onSignal, takesWork = false, keepsTime = false }: LinkUse,
  use: (link: Link) => Promise<T>,
): Promise<T> {
  const link = await openLink(context, paths, beforeOwn, () =>
    startOwn(context, paths, options, { takesWork, keepsTime }),
  );
  const interrupted = Promise.withResolvers<never>();
  interrupted.promise.catch(() => {});
  let closing = false;
  const stopListening = context.onSignal((signal) => {
    if (closing) link.hurry();
    else if (onSignal !== undefined) onSignal(signal);
    else interrupted.reject(new Interrupted(signal));
  });
  try {
    return await Promise.race([use(link), interrupted.promise]);
  } catch (error) {
    throw error instanceof LostDaemon ? lostError(error) : error;
  } finally {
    closing = true;
    await link.close();
    stopListening();
  }
}

async function openLink(
  context: Context,
  paths: Paths,
  beforeOwn: () => Promise<void>,
  start: () => Promise<Daemon>,
): Promise<Link> {
  let daemon: Daemon | undefined;
  const connect = async (waitMs: number): Promise<Api> => {
    const found = await reach(context, paths, waitMs, async () => {
      await beforeOwn();
      return start();
    });
    if ("address" in found) return apiOf(paths, found.address);
    daemon = found.daemon;
    return apiOf(paths, daemon.address);
  };
  let api = await connect(0);
  return {
    get api() {
      return api;
    },
    get own() {
      return daemon !== undefined;
    },
    renew: async () => {
      if (daemon === undefined) api = await connect(RETURN_MS);
    },
    close: async () => {
      await daemon?.stop();
    },
    hurry: () => daemon?.hurry(),
  };
}

function lostError(error: LostDaemon): GoclawError {
  const advice = "see `goclaw status`; what was accepted is not lost";
  return new GoclawError("SHUTTING_DOWN", `${error.message}; ${advice}`, { cause: error });
}

type Reached = { readonly address: string } | { readonly daemon: Daemon };

async function reach(
  context: Context,
  paths: Paths,
  waitMs: number,
  become: () => Promise<Daemon>,
): Promise<Reached> {
  const startedMs = context.clock.monoMs();
  const passedMs = (): number => context.clock.monoMs() - startedMs;
  for (;;) {
    const running = await findDaemon(paths);
    if (running !== undefined) return { address: running.address };
    if (passedMs() >= waitMs) {
      try {
        return { daemon: await become() };
      } catch (error) {
        // Another process became the daemon at the same moment; it will answer soon.
        if (codeOf(error) !== "HOME_LOCKED" || passedMs() > OTHER_START_MS) throw error;
      }
    }
    await pause(LOOK_EVERY_MS);
  }
}

function startOwn(
  context: Context,
  paths: Paths,
  { bind }: GlobalOptions,
  does: Pick<DaemonOptions, "takesWork" | "keepsTime">,
): Promise<Daemon> {
  return context.startDaemon({
    paths,
    env: context.env,
    flags: { bind_addr: bind ?? "127.0.0.1:0" },
    ...{ logToStderr: false, isService: false },
    ...does,
  });
}
