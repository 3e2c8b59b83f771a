// docs/reference/events.md: every event type with its sentence.

import { DURABLE_EVENTS } from "../../src/domain/event.ts";
import { code, page, table } from "./markdown.ts";

const DURABLE =
  "Durable events are rows, written in the transaction that caused them and published after its COMMIT. Their `seq` rises, " +
  "and a client that names the last one it saw is sent everything after it. A `task.*` event says which state the task " +
  "left and entered.";

const EPHEMERAL =
  "Ephemeral events are published directly, are not stored and may be dropped. `text.delta` is a piece of an answer in " +
  "flight; its `offset` counts UTF-16 units from the start of the turn's text, so a client can tell a gap from a repeat. " +
  "The durable `model.end` follows with the turn journaled.";

export function eventsPage(): string {
  const rows = Object.entries(DURABLE_EVENTS).map(([type, meaning]) => [code(type), meaning]);
  return page("Events", "src/domain/event.ts", [
    DURABLE,
    table(["type", "meaning"], rows),
    "## Ephemeral events",
    EPHEMERAL,
  ]);
}
