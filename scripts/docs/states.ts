// docs/reference/states.md: the task state machine as a table and as a diagram.

import { SUSPENSIONS, TASK_STATES, TERMINAL_STATES, TRANSITIONS } from "../../src/domain/task.ts";
import { code, page, table } from "./markdown.ts";

const INTRO =
  "A task is in exactly one of these states. Only the arrows below happen; each writes one event in the transaction " +
  "that moves the task. FAILED leads on to DEAD_LETTER within the same transaction, and a dead letter moves only when an " +
  "operator retries it.";

export function statesPage(): string {
  const rows = TASK_STATES.map((from) => [code(from), TRANSITIONS[from].map(code).join(", ") || "none"]);
  const ends = TERMINAL_STATES.map(code).join(", ");
  const waits = SUSPENSIONS.map((reason) => `- ${code(reason)}`).join("\n");
  return page("Task states", "src/domain/task.ts", [
    INTRO,
    table(["from", "to"], rows),
    `A task in ${ends} has ended and has an end time.`,
    diagram(),
    "## Suspension",
    `A task in ${code("RETRY_WAIT")} with one of these reasons waits for somebody and not for a backoff. It holds no lane, ` +
      "has a deadline, and its wait does not count as an attempt.",
    waits,
  ]);
}

function diagram(): string {
  const arrows = TASK_STATES.flatMap((from) => TRANSITIONS[from].map((to) => `  ${from} --> ${to}`));
  return ["```mermaid", "stateDiagram-v2", "  [*] --> QUEUED", ...arrows, "```"].join("\n");
}
