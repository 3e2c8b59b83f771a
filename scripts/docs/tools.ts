// docs/reference/tools.md: every tool, what may happen twice and what may not, and what its result brings into a task.

import { TOOLS } from "../../src/tools/index.ts";
import type { Tool } from "../../src/tools/tool.ts";
import { code, page, table } from "./markdown.ts";

const INTRO =
  "A task is attempted until it ends, so an attempt that a crash cut off is made again. What that means for an act depends " +
  "on its class:";

const CLASSES = [
  [
    code("pure"),
    "changes nothing; may be made any number of times, also after it was made already",
    "it is made again",
  ],
  [
    code("keyed"),
    "may be made again with the same key and has its effect once: a file that already says what it should is left, a " +
      "child task is found again by it",
    "it is made again, with the same key",
  ],
  [
    code("once"),
    "is never made again unless it is known not to have happened",
    "the task waits with `EFFECT_UNKNOWN` until `goclaw task resolve ID --happened` or `--did-not`",
  ],
] as const;

const COLUMNS =
  "No class makes an act again that is journaled as done: its result is taken from the journal. `outgoing` acts carry data " +
  "to somebody outside: they are asked for once a task holds untrusted text and private data. `brings` is what a result " +
  "labels the task with; `spawn_task` brings what its child held. `asks` puts its question to a person whatever the policy says. Tools of MCP servers " +
  "(`mcp__server__tool`) are `once`, outgoing, and bring text from outside, whatever their server says of them.";

export function toolsPage(): string {
  return page("Tools", "src/tools/index.ts", [
    INTRO,
    table(["class", "the act", "when nobody knows whether it was made"], CLASSES),
    COLUMNS,
    table(
      ["tool", "capability", "class", "outgoing", "brings"],
      TOOLS.map((tool) => [
        code(tool.name),
        code(tool.capability ?? `tools.${tool.name}`),
        classOf(tool),
        tool.asks !== undefined ? "asks" : tool.isOutgoing === true ? "yes" : "no",
        (tool.yields ?? []).map(code).join(" ") || "nothing",
      ]),
    ),
  ]);
}

function classOf({ effectClass, effectClassOf, name }: Tool): string {
  if (effectClassOf === undefined) return code(effectClass);
  const reading = effectClassOf({ method: "GET" });
  return name === "http_request"
    ? `${code(effectClass)}; ${code(reading)} for GET and HEAD`
    : `${code(effectClass)} or less, by its arguments`;
}
