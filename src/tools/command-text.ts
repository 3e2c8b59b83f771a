// What a model is told of a command that ran: how it ended, what it printed with every character visible, and which
// limit it ran into.

import { visibleText } from "../domain/visible.ts";
import type { Captured } from "../sandbox/capture.ts";
import type { Ran } from "../sandbox/job.ts";
import { cutClean, cutCleanEnd } from "./clean-cut.ts";

const STDOUT_CHARS = 20_000;
const STDERR_CHARS = 8_000;
const LINE_CHARS = 500;
/** A cut is moved to the end of a line that is this near, so that it does not halve what belongs together. */
const LINE_END_WITHIN = 2_000;

export function resultText(ran: Ran, timeoutMs: number, redact: (text: string) => string): string {
  return [
    ...[endText(ran, timeoutMs), ...notes(ran)],
    ...streamText("stdout", ran.stdout, STDOUT_CHARS, redact),
    ...streamText("stderr", ran.stderr, STDERR_CHARS, redact),
  ].join("\n");
}

function endText({ end, exit, durationMs }: Ran, timeoutMs: number): string {
  const took = `${(durationMs / 1_000).toFixed(2)} s`;
  switch (end) {
    case "timeout":
      return `LIMIT_TIME: it was ended after ${timeoutMs / 1_000} s with everything it had started; what it did until then stays`;
    case "canceled":
      return `ABORTED: it was ended after ${took} because its task was stopped; what it did until then stays`;
    case "exited":
      return exit.code === null
        ? `ended by ${exit.signal} after ${took}`
        : `exit code ${exit.code} after ${took}`;
  }
}

function notes({ limits, undone }: Ran): string[] {
  return [
    ...limits.map((limit) => `LIMIT_RES: ${limit}`),
    ...undone.map(
      (path) => `PATH_PROTECTED: ${JSON.stringify(path)} steers other programs; what it did there was undone`,
    ),
  ];
}

function streamText(
  name: string,
  { head, tail, droppedBytes }: Captured,
  charsMax: number,
  redact: (text: string) => string,
): string[] {
  // Without a gap the two are one text, and the border may lie within a character.
  const parts = droppedBytes === 0 ? [Buffer.concat([head, tail])] : [head, tail];
  const [first = "", last] = parts.map((part) => visibleText(part.toString("utf8")));
  if (last === undefined && first.length <= charsMax) {
    return first === "" ? [`${name}: (empty)`] : [`${name}:`, first.replace(/\n$/, "")];
  }
  const half = charsMax / 2;
  const end = last ?? first;
  const kept = [upToLine(cutClean(first, half, redact)), fromLine(cutCleanEnd(end, half, redact))] as const;
  const thrown = droppedBytes > 0 ? `, of which ${droppedBytes} bytes were thrown away` : "";
  return [
    `${name}:`,
    kept[0],
    `[LIMIT_SIZE: the middle of ${name} is left out${thrown}; print less, or write it to a file and read parts of it]`,
    kept[1].replace(/\n$/, ""),
  ];
}

function upToLine(text: string): string {
  const at = text.lastIndexOf("\n");
  return at >= text.length - LINE_END_WITHIN ? text.slice(0, at) : text;
}

function fromLine(text: string): string {
  const at = text.indexOf("\n");
  return at >= 0 && at < LINE_END_WITHIN ? text.slice(at + 1) : text;
}

/** An argv as one line for people: words that are not plain are quoted as JSON. */
export function commandLine(argv: readonly string[]): string {
  const line = argv.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
  return line.length > LINE_CHARS ? `${line.slice(0, LINE_CHARS)}…` : line;
}
