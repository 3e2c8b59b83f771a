// UUIDv7: identifiers that sort by creation, whatever the clock does.

import fc from "fast-check";
import { expect, test } from "vitest";
import { createIds, UUID_PATTERN } from "../../../src/domain/ids.ts";
import { createSeededRandom } from "../../support/manual-clock.ts";

const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("ids of one source rise strictly, also within a millisecond and when the clock is set back", () => {
  const steps = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: -5_000, max: 5_000 })), {
    minLength: 1,
    maxLength: 200,
  });
  fc.assert(
    fc.property(steps, fc.integer(), (moves, seed) => {
      let nowMs = 1_700_000_000_000;
      const newId = createIds({ nowMs: () => nowMs }, createSeededRandom(seed));
      let last = "";
      for (const move of moves) {
        nowMs += move;
        const id = newId();
        expect(id).toMatch(V7);
        expect(id).toMatch(UUID_PATTERN);
        expect(id > last).toBe(true);
        last = id;
      }
    }),
  );
});

test("ten thousand ids in one millisecond are still in order and all different", () => {
  const newId = createIds({ nowMs: () => 1_700_000_000_000 }, createSeededRandom(1));
  const ids = Array.from({ length: 10_000 }, newId);
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test("an id tells its time", () => {
  const newId = createIds({ nowMs: () => 0x018bcfe56800 }, createSeededRandom(1));
  expect(newId().replaceAll("-", "").slice(0, 12)).toBe("018bcfe56800");
});
