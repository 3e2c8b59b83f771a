// How `goclaw demo` tells what happens: every step as the daemon reports it, then the traces it left. Nothing is said
// that did not come from the daemon.

import type { AuditRow } from "../domain/report.ts";
import { createAnswerText, type Piece } from "../rpc/answer-text.ts";
import type { WireEvent, WireTask } from "../rpc/wire.ts";
import { meaningOf } from "./advice.ts";
import type { Output } from "./context.ts";
import { eventText } from "./event-text.ts";
import { paintFor, paintState } from "./paint.ts";
import { safeLine, safeText } from "./safe-text.ts";
import { type Cell, writeTable } from "./table.ts";
import { arrowOf } from "./task-show.ts";

export interface Story {
  open(home: string, prompt: string): void;
  event(event: WireEvent): void;
  piece(piece: Piece): void;
  /** What a person does. */
  person(text: string): void;
  note(name: string, text: string | null): void;
  chain(events: readonly WireEvent[]): void;
  audit(rows: readonly AuditRow[]): void;
  /** `kept`: where the home stays. */
  close(task: WireTask, kept: string | undefined): void;
}

const NEXT = `What to do next
  export OPENAI_API_KEY=…     or OPENROUTER_API_KEY, or name a server of your own in config.yaml
  goclaw run "…"              the same, with a real model
  goclaw daemon start         keep it running; tasks then survive this terminal
  goclaw help                 everything else
`;

/** `silent` tells nothing. */
export function createStory(output: Output, silent: boolean): Story {
  const paint = paintFor(output);
  const answer = createAnswerText();
  let lineOpen = false;
  const write = (text: string): void => {
    if (!silent) output.write(text);
  };
  const closeLine = (): void => {
    if (lineOpen) write("\n");
    lineOpen = false;
  };
  const heading = (text: string): void => write(`\n${paint.bold(text)}\n`);
  return {
    open: (home, prompt) => {
      write(
        `${paint.bold("goclaw demo")}: no model is called. The answers come from a recording; the queue, the\n`,
      );
      write("journal, the policy, the tools and the log are the real ones, with no network.\n");
      write(`${paint.dim(`home    ${safeLine(home)}`)}\n`);
      write(`${paint.dim("prompt ")} ${safeText(prompt)}\n`);
      heading("What happens");
    },
    event: (event) => {
      closeLine();
      const arrow = arrowOf(event);
      const state = arrow === "" ? "" : ` ${paint.dim(`[${arrow}]`)}`;
      const refused = event.type === "tool.refused";
      const text = eventText(event);
      write(`  ${refused ? paint.bad(text) : text}${state}\n`);
    },
    piece: (piece) => {
      const added = safeText(answer.accept(piece) ?? "");
      const text = (lineOpen ? added : added.trimStart()).replaceAll("\n", "\n         > ");
      if (text === "") return;
      write(lineOpen ? text : `  ${paint.good("answer")} > ${text}`);
      lineOpen = true;
    },
    person: (text) => {
      closeLine();
      write(`  ${paint.wait("you")}    > ${safeLine(text)}\n`);
    },
    note: (name, text) => {
      closeLine();
      heading(`What it wrote: ${name}`);
      write(text === null ? "  (nothing)\n" : safeText(text).trimEnd().replace(/^/gm, "  ").concat("\n"));
    },
    chain: (events) => {
      heading("The task's events, as written to the database");
      if (silent) return;
      const rows = events.map((event): Cell[] => [
        { text: String(event.seq) },
        { text: event.type },
        { text: arrowOf(event) },
        { text: event.reason_code ?? "" },
      ]);
      writeTable(output, ["SEQ", "EVENT", "STATE", "REASON"], rows);
    },
    audit: (rows) => {
      heading("The policy's decisions, each chained to the one before by its hash");
      if (silent) return;
      const cells = rows.map(({ seq, capability, decision, rule, hash }): Cell[] => [
        { text: String(seq) },
        { text: safeLine(capability) },
        {
          text: decision,
          paint: decision === "deny" ? paint.bad : decision === "ask" ? paint.wait : paint.good,
        },
        { text: safeLine(rule) },
        { text: safeLine(hash.slice(0, 12)), paint: paint.dim },
      ]);
      writeTable(output, ["SEQ", "CAPABILITY", "DECISION", "RULE", "HASH"], cells);
    },
    close: (task, kept) => {
      heading(`The task ended as ${task.state}; this is what a client reads`);
      const text = task.result?.text ?? task.error?.message ?? meaningOf(task.reason_code ?? "");
      write(`${paintState(paint, task.state)(safeText(text))}\n`);
      write(
        `\n${kept === undefined ? "" : `The home stays: goclaw task show ${task.id} --home ${safeLine(kept)}\n\n`}${NEXT}`,
      );
    },
  };
}
