// Ties a test to the requirements of SPEC.md it verifies. The ids end up in the test's title, so that a failing test
// names what is broken; an id that does not exist does not type-check.

import type { RequirementId } from "../requirements.ts";

/** A test title that starts with the ids it verifies: `test(verifies("QUE-001", "two lanes …"), …)`. */
export function verifies(ids: RequirementId | readonly RequirementId[], title: string): string {
  const tags = typeof ids === "string" ? [ids] : ids;
  return `${tags.map((id) => `[${id}]`).join("")} ${title}`;
}
