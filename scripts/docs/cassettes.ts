// docs/reference/cassettes.md: the file format of the replay provider. The example on the page is parsed by the parser it
// documents.

import { parseCassette } from "../../src/providers/replay.ts";
import { code, page, table } from "./markdown.ts";

const EXAMPLE = `{
  "cassette": 1,
  "description": "Two turns: the model asks for the time, then answers.",
  "entries": [
    {
      "prompt": "What time is it?",
      "turn": 0,
      "text": "I will look.",
      "tool_calls": [{ "name": "now", "arguments": {} }],
      "usage": { "input_tokens": 40, "output_tokens": 9 }
    },
    { "prompt": "What time is it?", "turn": 1, "text": "The tool has told you." }
  ]
}`;

const KEYS: readonly (readonly [string, string])[] = [
  ["prompt", "The last user message of the request, exactly. Without it the entry fits every prompt."],
  ["turn", "How many answers the task has had before this one: 0 for the first. Required."],
  ["text", "The text of the answer; it is streamed word by word."],
  [
    "tool_calls",
    "A list of `{name, arguments}`; `arguments` is an object. The tools are called for real, under the policy.",
  ],
  [
    "usage",
    "`{input_tokens, output_tokens}`, reported as the usage of the answer. Without it there is none.",
  ],
];

export function cassettesPage(): string {
  parseCassette(EXAMPLE, "the example");
  return page("Cassettes", "scripts/docs/cassettes.ts", [
    "A provider of type `replay` calls no model: it plays recorded answers from a cassette, a JSON file. `goclaw demo` " +
      "plays a bundled one. Everything around the model is real: queue, journal, policy, tools and log.",
    "The name of the model is the name of the cassette: with `llm.provider: replay` and `llm.model: mine` the answers " +
      "come from `cassettes/mine.json` in the home, else from the bundled cassette of that name. A name has letters, " +
      "digits, `-` and `_`, at most 64 of them. A file is read once, at its first use.",
    `\`\`\`json\n${EXAMPLE}\n\`\`\``,
    'The file starts with `"cassette": 1`, the version of the format; `description` is for people; `entries` is a list of answers:',
    table(
      ["key of an entry", "meaning"],
      KEYS.map(([key, meaning]) => [code(key), meaning]),
    ),
    "The first entry whose turn and prompt fit the request is played. When none does, the task fails with " +
      "`CASSETTE_MISS`, and the message names the nearest entry. An unknown key makes the whole file invalid: then the task fails with `CASSETTE_BROKEN`, and the message names the file and the place.",
  ]);
}
