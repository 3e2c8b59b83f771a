// What `goclaw run` shows of a task: the answer on standard output as it comes and what happens on standard error, or
// the events as JSON lines.

import { EXIT } from "../domain/error.ts";
import { createAnswerText, type Piece } from "../rpc/answer-text.ts";
import type { WireEvent, WireTask } from "../rpc/wire.ts";
import { adviceFor, meaningOf } from "./advice.ts";
import { type Context, writeJson } from "./context.ts";
import { eventText } from "./event-text.ts";
import { createPump } from "./events-of.ts";
import type { Link } from "./link.ts";
import { paintFor } from "./paint.ts";
import { createPairs } from "./pairs.ts";
import { safeText } from "./safe-text.ts";
import { createSilence } from "./silence.ts";
import { durationText } from "./time-text.ts";

export interface RunView {
  onEvent(event: WireEvent): void;
  onPiece(piece: Piece): void;
  onBreak(error: Error): void;
  /** The task ended; returns the exit code. */
  end(task: WireTask): Promise<number>;
  /** Waiting ended before the task. */
  leave(task: WireTask): Promise<void>;
}

export function createJsonView({ stdout, stderr }: Context, link: Link, taskId: string): RunView {
  const pump = createPump(link, taskId, (event) => writeJson(stdout, event));
  const last = async (task: WireTask): Promise<void> => {
    await pump.drain();
    writeJson(stdout, { task });
  };
  return {
    onEvent: () => pump.wake(),
    onPiece: () => pump.wake(),
    onBreak: (error) => stderr.write(`goclaw: ${safeText(error.message)}\n`),
    end: async (task) => {
      await last(task);
      return task.state === "SUCCEEDED" ? EXIT.ok : EXIT.failed;
    },
    leave: last,
  };
}

export function createTextView(context: Context, options: { readonly verbose?: boolean }): RunView {
  const { stdout, stderr } = context;
  const answer = createAnswerText();
  const pairs = createPairs();
  const { dim } = paintFor(stderr);
  const talks = stderr.isTerminal || options.verbose === true;
  let lineOpen = false;

  const print = (text: string): void => {
    const whole = pairs(text);
    if (whole === "") return;
    stdout.write(stdout.isTerminal ? safeText(whole) : whole);
    lineOpen = !whole.endsWith("\n");
  };
  const closeLine = (): void => {
    if (lineOpen) stdout.write("\n");
    lineOpen = false;
  };
  const say = (text: string): void => {
    if (!talks) return;
    // Two terminals are one screen: what happens does not go into the middle of a line of the answer.
    if (lineOpen && stdout.isTerminal && stderr.isTerminal) closeLine();
    stderr.write(`${dim(`· ${text}`)}\n`);
  };
  const silence = createSilence(say);
  return {
    onEvent: (event) => {
      say(eventText(event));
      if (talks) silence.after(event);
    },
    onPiece: (piece) => {
      silence.end();
      print(answer.accept(piece) ?? "");
    },
    onBreak: (error) => {
      silence.end();
      say(`${safeText(error.message)}; trying again`);
    },
    end: async (task) => {
      silence.end();
      if (task.state === "SUCCEEDED") {
        const result = task.result?.text ?? "";
        const rest = answer.finish(result);
        if (rest === undefined) {
          closeLine();
          stderr.write("goclaw: a later attempt answered anew; the whole answer follows\n");
        }
        print(rest ?? result);
      }
      closeLine();
      return task.state === "SUCCEEDED" ? succeeded(task, say) : failed(context, task);
    },
    leave: async () => {
      silence.end();
      closeLine();
    },
  };
}

function succeeded(task: WireTask, say: (text: string) => void): number {
  const { input_tokens: input, output_tokens: output } = task.usage;
  const tookMs = Date.parse(task.finished_at ?? "") - Date.parse(task.created_at);
  const took = Number.isNaN(tookMs) ? "" : ` after ${durationText(tookMs)}`;
  say(`${input} tokens in and ${output} out${took}; task ${task.id}`);
  return EXIT.ok;
}

function failed({ stderr }: Context, task: WireTask): number {
  const code = task.error?.code ?? task.reason_code ?? "INTERNAL";
  const message = task.error?.message || meaningOf(code);
  stderr.write(`goclaw: task ${task.id} ended as ${task.state}: ${safeText(message)} (${code})\n`);
  const advice = adviceFor(task.reason_code ?? code, task.id) ?? adviceFor(code, task.id);
  if (advice !== undefined) stderr.write(`${advice}\n`);
  return EXIT.failed;
}
