// How much a model can be shown, from the catalogue, the agent's own limit, or a guess.

import { expect, test } from "vitest";
import { roomFor } from "../../../src/brain/window.ts";
import { createCatalog } from "../../../src/providers/catalog.ts";

const SMALL = { id: "local/small", contextWindow: 8_192, maxOutputTokens: 4_096 };
const CATALOG = createCatalog([SMALL], () => 0);
const KNOWN = { provider: "local", model: "small" };
const UNKNOWN = { provider: "local", model: "other" };

test.each([
  ["a known window, less a quarter at most", [KNOWN], null, {}, [8_192, 6_144, true]],
  ["room for the answer that was asked for", [KNOWN], null, { maxTokens: 100 }, [8_192, 8_092, true]],
  ["the agent's limit below the window", [KNOWN], 4_096, {}, [4_096, 3_072, true]],
  ["no limit above the window", [KNOWN], 100_000, {}, [8_192, 6_144, true]],
  ["the agent's limit in place of a window", [UNKNOWN], 65_536, {}, [65_536, 61_440, true]],
  ["a careful guess for a server of one's own", [UNKNOWN], null, {}, [32_768, 28_672, false]],
  ["half of a guess for a long answer", [UNKNOWN], null, { maxTokens: 64_000 }, [32_768, 16_384, false]],
  ["nothing beside an answer as long as the window", [KNOWN], null, { maxTokens: 9_000 }, [8_192, 0, true]],
  ["a vendor's guess", [{ provider: "openai", model: "gpt-9" }], null, {}, [128_000, 123_904, false]],
  ["the smallest of a chain", [UNKNOWN, KNOWN], null, {}, [8_192, 6_144, true]],
] as const)("%s", (_title, links, limit, sampling, [window, inputTokens, isKnown]) => {
  expect(roomFor(CATALOG, links, limit, sampling)).toEqual({ window, inputTokens, isKnown });
});
