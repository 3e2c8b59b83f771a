// `now`: what time it is. Pure: asking again changes nothing.

import type { Tool } from "./tool.ts";

export const now: Tool = {
  name: "now",
  description:
    "Returns the current date and time as an ISO 8601 string in UTC. Use it instead of guessing the date.",
  params: { type: "object", properties: {}, additionalProperties: false },
  effectClass: "pure",
  resource: () => null,
  run: async (_args, { now }) => ({ type: "done", text: now().toISOString() }),
};
