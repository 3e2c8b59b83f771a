// docs/reference/codes.md: every reason and error code, and the exit codes of the process.

import { CODES, type Code, EXIT, exitCodeOf } from "../../src/domain/error.ts";
import { code, page, table } from "./markdown.ts";

/** Typed by the keys of EXIT, so an exit code without a meaning does not compile. */
const EXIT_MEANING: Record<keyof typeof EXIT, string> = {
  ok: "the operation succeeded",
  failed: "the operation failed; the message says why",
  usage: "the command line is wrong; the message names the nearest command",
  internal: "a defect in goclaw",
  locked: "another daemon owns the home; the message says its pid",
  database: "the database is unreadable or damaged",
  diskFull: "the disk is full at start",
  newer: "the database was written by a newer goclaw",
  refused: "refused by the configuration or the policy",
  noSandbox: "the sandbox for commands cannot be had on this machine",
};

const INTRO =
  "A refusal, a wait, a retry or an end that is visible outside carries one of these codes and no other. " +
  "`goclaw codes --json` prints the same list. HTTP and JSON-RPC columns say what a request that ends with the code is " +
  "answered with; `retryable` says whether the same request can succeed later.";

export function codesPage(): string {
  const codes = Object.keys(CODES) as Code[];
  const rows = codes.map((name) => {
    const { meaning, http, jsonrpc, retryable } = CODES[name];
    return [code(name), meaning, String(http), String(jsonrpc), retryable ? "yes" : "no"];
  });
  const exits = Object.entries(EXIT) as [keyof typeof EXIT, number][];
  const exitRows = exits.map(([name, number]) => [
    String(number),
    EXIT_MEANING[name],
    number === EXIT.failed
      ? "every other code"
      : codes
          .filter((it) => exitCodeOf(it) === number)
          .map(code)
          .join(", "),
  ]);
  return page("Codes", "src/domain/error.ts", [
    INTRO,
    table(["code", "meaning", "HTTP", "JSON-RPC", "retryable"], rows),
    "## Exit codes",
    table(["exit", "meaning", "codes that end the process so"], exitRows),
  ]);
}
