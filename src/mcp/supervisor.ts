// Keeps one running server: started at the first need, one process however many ask, stopped when nobody does, left
// alone for a while after it failed. Whatever goes wrong with it, the process group is gone before the next one starts.

import { GoclawError, messageOf } from "../domain/error.ts";
import type { McpServer } from "../domain/mcp.ts";
import type { Clock } from "../domain/time.ts";
import type { Connection } from "./connection.ts";
import type { Opened } from "./open.ts";

export interface SupervisorPorts {
  readonly server: McpServer;
  readonly idleMs: number;
  readonly clock: Clock;
  /** Throws when it may not be started, as MCP_PIN_MISMATCH. */
  readonly admit: () => Promise<void>;
  readonly open: (signal: AbortSignal, onClosed: () => void) => Promise<Opened>;
  /** Runs on every new connection, before anybody may call. */
  readonly onOpened: (connection: Connection) => Promise<void>;
  readonly warn: (message: string) => void;
}

const BACKOFF_MS = 250;
const BACKOFF_MAX_MS = 60_000;
/** After so many failures in a row it is left alone for the longest wait at once. */
const FAILURES_MAX = 5;
/** A call waits for a backoff that ends soon and is told about one that does not. */
const PATIENCE_MS = 5_000;
/** Who ran this long was well. */
const HEALTHY_MS = 60_000;

export class Supervisor {
  readonly #ports: SupervisorPorts;
  #opened: Opened | undefined;
  #opening: Promise<Opened> | undefined;
  #stopping: Promise<void> = Promise.resolve();
  readonly #users = new WeakMap<Opened, number>();
  readonly #ended = new WeakSet<Opened>();
  #openedMs = 0;
  #failures = 0;
  #retryMs = 0;
  #trouble: string | null = null;
  #busy = 0;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(ports: SupervisorPorts) {
    this.#ports = ports;
  }

  get pid(): number | null {
    return this.#opened?.pid ?? null;
  }

  get isRunning(): boolean {
    return this.#opened !== undefined;
  }

  /** Why calls are refused at the moment. */
  get trouble(): string | null {
    return this.#waitMs() > 0 ? this.#trouble : null;
  }

  /** Uses the connection, opening one if there is none; it stays open at least until `use` ends. */
  async use<T>(use: (connection: Connection) => Promise<T>, signal: AbortSignal): Promise<T> {
    this.#busy += 1;
    clearTimeout(this.#idle);
    let opened: Opened | undefined;
    try {
      opened = await this.#ready(signal);
      this.#users.set(opened, (this.#users.get(opened) ?? 0) + 1);
      return await use(opened.connection);
    } finally {
      this.#busy -= 1;
      if (opened !== undefined) this.#release(opened);
      this.#watchIdle();
    }
  }

  /** The next use opens another connection; this one ends once those who use it have. */
  retire(connection: Connection): void {
    const opened = this.#opened;
    if (opened === undefined || opened.connection !== connection) return;
    this.#opened = undefined;
    if ((this.#users.get(opened) ?? 0) === 0) this.#end(opened);
  }

  /** Somebody looks after it: the next use starts it at once, whatever went before. */
  forgive(): void {
    this.#failures = 0;
    this.#retryMs = 0;
  }

  /** Stops the server; the next use starts it again unless `forGood`. */
  async stop(forGood = false): Promise<void> {
    this.#closed ||= forGood;
    clearTimeout(this.#idle);
    const opened = this.#opened;
    this.#opened = undefined;
    if (opened !== undefined) this.#end(opened);
    await this.#stopping;
  }

  #release(opened: Opened): void {
    const left = (this.#users.get(opened) ?? 1) - 1;
    this.#users.set(opened, left);
    if (left === 0 && opened !== this.#opened) this.#end(opened);
  }

  /** Once for each connection; the next one waits for it. */
  #end(opened: Opened): void {
    if (this.#ended.has(opened)) return;
    this.#ended.add(opened);
    const before = this.#stopping;
    this.#stopping = Promise.all([before, opened.stop()]).then(() => {});
  }

  async #ready(signal: AbortSignal): Promise<Opened> {
    if (this.#opened !== undefined) return this.#opened;
    this.#opening ??= this.#start().finally(() => {
      this.#opening = undefined;
    });
    return abortable(this.#opening, signal);
  }

  async #start(): Promise<Opened> {
    const { server, open, admit, onOpened } = this.#ports;
    if (this.#closed) throw new GoclawError("SHUTTING_DOWN", "the daemon is stopping");
    await this.#waitOut();
    await this.#stopping;
    await admit();
    const limit = AbortSignal.timeout(server.timeoutMs * 2);
    let opened: Opened | undefined;
    try {
      opened = await open(limit, () => this.#lost(opened));
      await onOpened(opened.connection);
    } catch (error) {
      await opened?.stop();
      this.#failed(messageOf(error));
      if (error instanceof GoclawError) throw error;
      const message = `MCP server ${server.name} does not start: ${messageOf(error)}`;
      throw new GoclawError("MCP_UNAVAILABLE", message, { cause: error });
    }
    if (this.#closed) {
      await opened.stop();
      throw new GoclawError("SHUTTING_DOWN", "the daemon is stopping");
    }
    this.#opened = opened;
    this.#openedMs = this.#ports.clock.monoMs();
    return opened;
  }

  /** The other side went away by itself, or was cut off. */
  #lost(opened: Opened | undefined): void {
    if (opened === undefined || this.#opened !== opened) return;
    this.#opened = undefined;
    this.#end(opened);
    if (this.#ports.clock.monoMs() - this.#openedMs >= HEALTHY_MS) this.#failures = 0;
    this.#failed(opened.fault() ?? "it ended by itself");
  }

  #failed(why: string): void {
    this.#failures += 1;
    const waitMs = this.#failures >= FAILURES_MAX ? BACKOFF_MAX_MS : BACKOFF_MS * 2 ** (this.#failures - 1);
    this.#retryMs = this.#ports.clock.monoMs() + waitMs;
    this.#trouble = `${why}; tried again in ${waitMs} ms (failure ${this.#failures})`;
    this.#ports.warn(this.#trouble);
  }

  #waitMs(): number {
    return Math.max(0, this.#retryMs - this.#ports.clock.monoMs());
  }

  async #waitOut(): Promise<void> {
    const waitMs = this.#waitMs();
    if (waitMs === 0) return;
    if (waitMs > PATIENCE_MS) {
      const { name } = this.#ports.server;
      const message = `MCP server ${name} is left alone for ${Math.ceil(waitMs / 1000)} s more: ${this.#trouble}`;
      throw new GoclawError("MCP_UNAVAILABLE", message);
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }

  #watchIdle(): void {
    clearTimeout(this.#idle);
    if (this.#busy > 0 || this.#opened === undefined) return;
    this.#idle = setTimeout(() => {
      if (this.#busy === 0) void this.stop();
    }, this.#ports.idleMs);
    this.#idle.unref();
  }
}

/** Somebody who no longer waits does not stop what others wait for. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(new GoclawError("ABORTED", "the call was canceled"));
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new GoclawError("ABORTED", "the call was canceled"));
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
