// What is suggested for a word that is not known: a slip of the fingers, or a part of the name.

import { expect, test } from "vitest";
import { nearest } from "../../src/domain/nearest.ts";

const KEYS = ["name", "cron_expr", "timezone", "per_day_usd", "per_day_tokens", "base_url", "api_key"];

test.each([
  ["cron_epxr", "cron_expr"],
  ["cron", "cron_expr"],
  ["expression", "cron_expr"],
  ["per_day", "per_day_usd"],
  ["url", "base_url"],
  ["zone", undefined],
  ["id", undefined],
  ["", undefined],
  ["per_annum_tokens_of_all", undefined],
])("%j is near to %j", (word, name) => {
  expect(nearest(word, KEYS)).toBe(name);
});
