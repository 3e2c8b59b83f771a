// What a provider's failure means for the task.

import { expect, test } from "vitest";
import { outcomeOf } from "../../../src/brain/outcome.ts";
import { ERROR_CLASSES, failure } from "../../../src/providers/provider.ts";

test("an error of the class unsupported ends the task: the same provider will not learn to see", () => {
  const message = "ollama (small) cannot see images: take a model that can";
  expect(outcomeOf(failure("unsupported", message))).toEqual({
    ...{ type: "failed", code: "PROVIDER_BAD_REQUEST", message },
  });
});

test("every class ends the task, or is tried again under its own reason", () => {
  const types = ERROR_CLASSES.map((errorClass) => [errorClass, outcomeOf(failure(errorClass, "x")).type]);
  expect(Object.fromEntries(types)).toEqual({
    ...{
      not_configured: "failed",
      auth: "failed",
      quota: "failed",
      unsupported: "failed",
      bad_request: "failed",
    },
    ...{ context_length: "failed", refused: "failed", cassette_miss: "failed", aborted: "lost" },
    ...{ rate_limit: "retry", overloaded: "retry", timeout: "retry", network: "retry", malformed: "retry" },
  });
});
