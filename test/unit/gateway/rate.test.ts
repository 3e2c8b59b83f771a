// How often an API key may ask.

import { expect, test } from "vitest";
import { createRateLimit } from "../../../src/gateway/rate.ts";

test("never more than rpm requests in any sixty seconds, and the wait that is named is enough", () => {
  let now = 1_000_000;
  const { take } = createRateLimit(() => now);
  const key = { id: "k", rpm: 3 };
  const admitted: number[] = [];
  for (let n = 0; n < 400; n++) {
    const wait = take(key);
    if (wait === undefined) admitted.push(now);
    else if (n % 7 === 0) {
      now += wait * 1_000;
      expect(take(key)).toBeUndefined();
      admitted.push(now);
    }
    now += 1_700;
    expect(admitted.filter((at) => at > now - 60_000).length).toBeLessThanOrEqual(3);
  }
  expect(admitted.length).toBeGreaterThan(20);
});

test("one key's requests are not another's, and a key without rpm is not counted", () => {
  const { take } = createRateLimit(() => 5);
  expect(take({ id: "a", rpm: 1 })).toBeUndefined();
  expect(take({ id: "a", rpm: 1 })).toBe(60);
  expect(take({ id: "b", rpm: 1 })).toBeUndefined();
  for (let n = 0; n < 1_000; n++) expect(take({ id: "c", rpm: null })).toBeUndefined();
});
