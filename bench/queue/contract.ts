// What every system under the queue bench can do, so that one loop measures them all.

export type Handler = () => Promise<void>;

export interface Queue {
  /** True when enqueue never gives the event loop back: the loop that calls it must. */
  readonly blocks: boolean;
  /** Resolves when the job is as durable as this system promises. `tag` comes back to the handler's `onStart`. */
  enqueue(tag: number): Promise<void>;
  /** Puts `count` jobs in before the clock starts; how does not matter. */
  fill(count: number): Promise<void>;
  /** Consumes with `lanes` lanes: `onStart(tag)` when a handler starts, `onEnd()` when its end is acknowledged. */
  work(lanes: number, onStart: (tag: number) => void, onEnd: () => void): Promise<void>;
}

export interface OpenOptions {
  /** A fresh directory. */
  readonly directory: string;
  readonly redisPort: number;
}

export type OpenQueue = (options: OpenOptions) => Promise<Queue>;

/** 200 characters, what a short prompt is; every system stores it. */
export const PROMPT = "Summarise the following paragraph in one sentence. ".repeat(4).slice(0, 200);
