// What somebody at a terminal is told while a task says nothing: what goes on, and for how long, ever more rarely. It is
// quiet while an answer comes in and while the task waits for a time or for a person, because that was said already.

import type { WireEvent } from "../rpc/wire.ts";
import { safeLine } from "./safe-text.ts";
import { durationText } from "./time-text.ts";

export interface Silence {
  /** Something happened: what goes on now is said when nothing follows. */
  after(event: WireEvent): void;
  end(): void;
}

const FIRST_MS = 5_000;

export function createSilence(say: (text: string) => void): Silence {
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => clearTimeout(timer);
  const wait = (words: string, sinceMs: number, untilMs: number): void => {
    timer = setTimeout(() => {
      say(`${words}, ${durationText(untilMs)}`);
      wait(words, untilMs, untilMs * 2);
    }, untilMs - sinceMs);
    timer.unref();
  };
  return {
    after: (event) => {
      end();
      const words = goingOn(event);
      if (words !== undefined) wait(safeLine(words), 0, FIRST_MS);
    },
    end,
  };
}

/** What a task does after an event, until the next one. */
function goingOn({ type, payload }: WireEvent): string | undefined {
  switch (type) {
    case "task.enqueued":
    case "task.requeued":
      return "still waits for a lane";
    case "task.running":
    case "tool.end":
    case "tool.refused":
    case "context.compacted":
      return "still waits for the model's answer";
    case "model.start":
    case "model.seam":
      return `still waits for ${typeof payload.provider === "string" ? `${payload.provider}/${payload.model}` : "the model's answer"}`;
    case "tool.start":
      return `${payload.tool} still runs`;
    default:
      return undefined;
  }
}
