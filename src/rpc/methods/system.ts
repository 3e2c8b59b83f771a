// `system.status`: how the daemon and its parts are; what /healthz says, for those who have a connection.

import { defineMethod, paramsOf } from "../method.ts";

export const systemStatus = defineMethod<Record<never, never>, Readonly<Record<string, unknown>>>({
  name: "system.status",
  capability: "acp.read",
  params: paramsOf({}),
  forKey: (_ports, params) => params,
  run: async ({ status }) => status(),
});
