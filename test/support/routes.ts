// One whole request for every route of the gateway: what tests that walk all routes send. A route that has none fails
// those tests, so a new one cannot be forgotten.

const ID = "01890000-0000-7000-8000-000000000000";
const CHAT = { model: "goclaw", messages: [{ role: "user", content: "task route" }] };
const LIST_TOOLS = { jsonrpc: "2.0", id: 1, method: "tools/list", params: {} };

export interface SampleRequest {
  /** As the gateway names it. */
  readonly route: string;
  readonly path: string;
  readonly body?: unknown;
}

/** Routes that are about the process and not about what is in the home: no policy is asked. */
export const PROBES: readonly SampleRequest[] = [
  { route: "GET /livez", path: "/livez" },
  { route: "GET /healthz", path: "/healthz" },
  { route: "GET /readyz", path: "/readyz" },
];

/** Probes that anybody may ask. */
export const OPEN_ROUTES = ["GET /livez", "GET /healthz"];

/** Where another protocol begins, whose every method asks by itself; as a plain request it answers nothing. */
export const DOORS: readonly SampleRequest[] = [{ route: "GET /ws", path: "/ws" }];

/** Every other route. */
export const OPERATIONS: readonly SampleRequest[] = [
  { route: "GET /v1/models", path: "/v1/models" },
  { route: "GET /v1/models/*", path: "/v1/models/goclaw" },
  { route: "POST /v1/chat/completions", path: "/v1/chat/completions", body: CHAT },
  { route: "POST /api/v1/tasks", path: "/api/v1/tasks", body: { agent: "default", prompt: "task route" } },
  { route: "GET /api/v1/tasks", path: "/api/v1/tasks" },
  { route: "GET /api/v1/tasks/:id", path: `/api/v1/tasks/${ID}` },
  { route: "GET /api/v1/tasks/:id/cassette", path: `/api/v1/tasks/${ID}/cassette` },
  { route: "GET /api/v1/tasks/:id/events", path: `/api/v1/tasks/${ID}/events` },
  { route: "POST /api/v1/tasks/:id/cancel", path: `/api/v1/tasks/${ID}/cancel` },
  { route: "POST /api/v1/tasks/:id/retry", path: `/api/v1/tasks/${ID}/retry` },
  {
    route: "POST /api/v1/tasks/:id/resolve",
    path: `/api/v1/tasks/${ID}/resolve`,
    body: { outcome: "happened" },
  },
  { route: "GET /api/v1/task/stream", path: `/api/v1/task/stream?task_id=${ID}` },
  { route: "GET /api/v1/cost", path: "/api/v1/cost" },
  { route: "POST /api/v1/route/explain", path: "/api/v1/route/explain", body: { prompt: "task route" } },
  { route: "GET /api/v1/sessions", path: "/api/v1/sessions" },
  { route: "GET /api/v1/sessions/:id", path: `/api/v1/sessions/${ID}` },
  { route: "POST /api/v1/sessions/:id/compact", path: `/api/v1/sessions/${ID}/compact` },
  { route: "GET /api/v1/model-catalog", path: "/api/v1/model-catalog" },
  { route: "GET /api/v1/approvals", path: "/api/v1/approvals" },
  { route: "GET /api/v1/approvals/:id", path: `/api/v1/approvals/${ID}` },
  { route: "POST /api/v1/approvals/:id", path: `/api/v1/approvals/${ID}`, body: { decision: "approve" } },
  { route: "POST /api/v1/keys", path: "/api/v1/keys", body: { name: "k", agents: ["default"] } },
  { route: "GET /api/v1/keys", path: "/api/v1/keys" },
  { route: "POST /api/v1/keys/:key", path: "/api/v1/keys/k", body: { rpm: 5 } },
  { route: "POST /api/v1/keys/:key/revoke", path: "/api/v1/keys/k/revoke" },
  { route: "GET /api/v1/schedules", path: "/api/v1/schedules" },
  {
    route: "POST /api/v1/schedules",
    path: "/api/v1/schedules",
    body: { name: "route", cron_expr: "@daily", prompt: "task route" },
  },
  { route: "POST /api/v1/schedules/:schedule", path: "/api/v1/schedules/route", body: { prompt: "task" } },
  { route: "DELETE /api/v1/schedules/:schedule", path: "/api/v1/schedules/route" },
  { route: "POST /api/v1/schedules/:schedule/enable", path: "/api/v1/schedules/route/enable" },
  { route: "POST /api/v1/schedules/:schedule/disable", path: "/api/v1/schedules/route/disable" },
  { route: "GET /api/v1/schedules/:schedule/runs", path: "/api/v1/schedules/route/runs" },
  { route: "GET /api/v1/mcp/servers", path: "/api/v1/mcp/servers" },
  { route: "GET /api/v1/mcp/servers/:server/tools", path: "/api/v1/mcp/servers/x/tools" },
  { route: "POST /api/v1/mcp/servers/:server/inspect", path: "/api/v1/mcp/servers/x/inspect" },
  {
    route: "POST /api/v1/mcp/servers/:server/approve",
    path: "/api/v1/mcp/servers/x/approve",
    body: { digest: "0".repeat(64) },
  },
  { route: "GET /api/v1/mcp/served", path: "/api/v1/mcp/served" },
  { route: "POST /api/v1/mcp/served/:name/calls", path: "/api/v1/mcp/served/now/calls", body: {} },
  { route: "GET /mcp", path: "/mcp" },
  { route: "POST /mcp", path: "/mcp", body: LIST_TOOLS },
  { route: "DELETE /mcp", path: "/mcp" },
];

export const methodOf = ({ route }: SampleRequest): string => route.slice(0, route.indexOf(" "));
