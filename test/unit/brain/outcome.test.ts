// What a provider's failure means for the task.

import { expect, test } from "vitest";
import { outcomeOf } from "../../../src/brain/outcome.ts";
import { ERROR_CLASSES, failure } from "../../../src/providers/provider.ts";

const AT_LIMIT = { nowMs: 0, onLimit: "suspend" } as const;

test("an error of the class unsupported ends the task: the same provider will not learn to see", () => {
  const message = "ollama (small) cannot see images: take a model that can";
  expect(outcomeOf(failure("unsupported", message), AT_LIMIT)).toEqual({
    ...{ type: "failed", code: "PROVIDER_BAD_REQUEST", message },
  });
});

test("every class ends the task, or is tried again under its own reason", () => {
  const types = ERROR_CLASSES.map((errorClass) => [
    errorClass,
    outcomeOf(failure(errorClass, "x"), AT_LIMIT).type,
  ]);
  expect(Object.fromEntries(types)).toEqual({
    ...{
      not_configured: "failed",
      auth: "failed",
      quota: "failed",
      unsupported: "failed",
      bad_request: "failed",
    },
    daily_limit: "suspended",
    ...{
      context_length: "failed",
      refused: "failed",
      cassette_miss: "failed",
      cassette_broken: "failed",
      aborted: "lost",
    },
    ...{ rate_limit: "retry", overloaded: "retry", timeout: "retry", network: "retry", malformed: "retry" },
  });
});

test("a day's requests that are used up wait for the day's end, or fail where the budget says so", () => {
  const used = failure("daily_limit", "none are left", 86_399_500);
  expect(outcomeOf(used, { nowMs: 1_000, onLimit: "suspend" })).toEqual({
    ...{ type: "suspended", reason: "AWAITING_BUDGET", deadlineAt: 86_400_000, wakes: true },
    message: "none are left; it goes on at 1970-01-02T00:00:00.000Z",
  });
  expect(outcomeOf(used, { nowMs: 1_000, onLimit: "fail" })).toMatchObject({
    ...{ type: "failed", code: "BUDGET_EXCEEDED" },
  });
});
