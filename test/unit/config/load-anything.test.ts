// The loader is the first thing that meets a hand-written file: whatever is in it, the answer is a config or a refusal.

import fc from "fast-check";
import { expect, test } from "vitest";
import { loadConfig } from "../../../src/config/load.ts";
import { GoclawError } from "../../../src/domain/error.ts";
import { tempHome } from "./home.ts";
import { tree } from "./near.ts";

const yamlText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc
    .array(
      fc.constantFrom(
        "worker_count",
        ":",
        " ",
        "\n",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "&a",
        "*a",
        "!",
        "|",
        ">",
        "'",
        '"',
        "#",
        "${",
        "}",
        "?",
        "<<",
        "\t",
        "1",
        "agents",
        "%YAML 1.1\n",
        "---\n",
      ),
      { maxLength: 40 },
    )
    .map((parts) => parts.join("")),
  tree.map((value) => JSON.stringify(value) ?? ""),
  fc.nat(3000).map((depth) => "[".repeat(depth)),
);

test("whatever is in the file, the loader answers with a config or a GoclawError", () => {
  const paths = tempHome();
  fc.assert(
    fc.property(yamlText, fc.string(), (text, value) => {
      try {
        loadConfig({ paths, env: { A: value, GOCLAW_WORKER_COUNT: value }, text });
      } catch (error) {
        expect(error).toBeInstanceOf(GoclawError);
        expect((error as GoclawError).message.length).toBeLessThan(20_000);
      }
    }),
    { numRuns: 500 },
  );
});
