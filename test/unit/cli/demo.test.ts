// The bundled cassette and the demo that plays it belong together.

import { expect, test } from "vitest";
import { DEMO_PROMPT } from "../../../src/cli/demo.ts";
import { readAsset } from "../../../src/native.ts";
import { parseCassette } from "../../../src/providers/replay.ts";

test("the demo's cassette answers the demo's prompt in three turns, with a path that is closed and an act that a person denies", () => {
  const { entries } = parseCassette(readAsset("cassettes/demo.json") ?? "", "demo.json");
  expect(entries.map((entry) => [entry.prompt, entry.turn])).toEqual(
    [0, 1, 2].map((turn) => [DEMO_PROMPT, turn]),
  );
  const calls = entries.map((entry) => entry.tool_calls?.map((call) => call.name) ?? []);
  expect(calls).toEqual([["now", "read_file"], ["write_note", "send_alert"], []]);
});
