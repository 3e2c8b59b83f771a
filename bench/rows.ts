// The rows of DESIGN.md's "Speed and weight" table that this issue can fill, as data: what is measured, in which unit,
// and what is to be reached. Rows without a target are there to explain those with one.

export type Group = "queue" | "start" | "turn" | "hands";
export type Unit = "/s" | "ms" | "µs" | "MB" | "%" | "×" | "count";

export interface Row {
  readonly id: string;
  readonly group: Group;
  readonly what: string;
  readonly unit: Unit;
  /** Which direction is good. */
  readonly better: "more" | "less";
  readonly target?: number;
  /** The requirement of SPEC.md that the target is from. */
  readonly requirement?: string;
}

const QUEUE: readonly Row[] = [
  { id: "enqueue.1", group: "queue", what: "durable enqueue, 1 caller", unit: "/s", better: "more" },
  {
    id: "enqueue.16",
    group: "queue",
    what: "durable enqueue, 16 callers",
    unit: "/s",
    better: "more",
    target: 50_000,
    requirement: "SPEC PERF-004",
  },
  {
    id: "enqueue.128",
    group: "queue",
    what: "durable enqueue, 128 callers",
    unit: "/s",
    better: "more",
    target: 150_000,
    requirement: "SPEC PERF-004",
  },
  {
    id: "loop.16",
    group: "queue",
    what: "event-loop delay p99 meanwhile, 16 callers",
    unit: "ms",
    better: "less",
    target: 3,
    requirement: "SPEC PERF-004",
  },
  {
    id: "loop.128",
    group: "queue",
    what: "event-loop delay p99 meanwhile, 128 callers",
    unit: "ms",
    better: "less",
    target: 3,
    requirement: "SPEC PERF-004",
  },
  {
    id: "drain.16",
    group: "queue",
    what: "claim + start + complete, 16 lanes",
    unit: "/s",
    better: "more",
    target: 20_000,
    requirement: "SPEC PERF-003",
  },
  {
    id: "engine.16",
    group: "queue",
    what: "the same through the engine: agent, turn loop, journaled answer",
    unit: "/s",
    better: "more",
  },
  {
    id: "pickup.p50",
    group: "queue",
    what: "enqueue → start when idle, p50",
    unit: "ms",
    better: "less",
    target: 1,
    requirement: "SPEC PERF-003",
  },
  { id: "pickup.p99", group: "queue", what: "enqueue → start when idle, p99", unit: "ms", better: "less" },
  { id: "depth.small", group: "queue", what: "claim p95 at 1 k queued", unit: "ms", better: "less" },
  { id: "depth.large", group: "queue", what: "claim p95 at 1 M queued", unit: "ms", better: "less" },
  {
    id: "depth.ratio",
    group: "queue",
    what: "claim p95 at 1 M queued : at 1 k queued",
    unit: "×",
    better: "less",
    target: 2,
    requirement: "SPEC PERF-003",
  },
  {
    id: "recovery",
    group: "queue",
    what: "restart after kill -9 → first reclaimed task runs",
    unit: "ms",
    better: "less",
    target: 500,
    requirement: "SPEC REL-006",
  },
  {
    id: "recovery.call",
    group: "queue",
    what: "… → its model call arrives at the model",
    unit: "ms",
    better: "less",
  },
  { id: "raw.fdatasync", group: "queue", what: "raw: 4 KiB append + fdatasync", unit: "/s", better: "more" },
];

const START: readonly Row[] = [
  {
    id: "version",
    group: "start",
    what: "goclaw --version",
    unit: "ms",
    better: "less",
    target: 50,
    requirement: "SPEC PERF-001",
  },
  {
    id: "status",
    group: "start",
    what: "goclaw status, daemon running",
    unit: "ms",
    better: "less",
    target: 120,
    requirement: "SPEC PERF-001",
  },
  {
    id: "ready.empty",
    group: "start",
    what: "daemon: spawn → /readyz 200, empty home",
    unit: "ms",
    better: "less",
    target: 150,
    requirement: "SPEC PERF-001",
  },
  {
    id: "ready.full",
    group: "start",
    what: "daemon: spawn → /readyz 200, 100 k queued",
    unit: "ms",
    better: "less",
    target: 500,
    requirement: "SPEC PERF-001",
  },
  {
    id: "idle.rss",
    group: "start",
    what: "idle RSS (VmRSS)",
    unit: "MB",
    better: "less",
    target: 90,
    requirement: "SPEC PERF-002",
  },
  { id: "idle.pss", group: "start", what: "idle PSS", unit: "MB", better: "less" },
  {
    id: "idle.cpu",
    group: "start",
    what: "idle CPU over 10 s",
    unit: "%",
    better: "less",
    target: 0.2,
    requirement: "SPEC PERF-002",
  },
  {
    id: "idle.switches",
    group: "start",
    what: "context switches in 10 s idle",
    unit: "count",
    better: "less",
  },
  { id: "size", group: "start", what: "size of the executable", unit: "MB", better: "less" },
];

const TURN: readonly Row[] = [
  {
    id: "turn.json",
    group: "turn",
    what: "durable agent turns, JSON, 16 clients",
    unit: "/s",
    better: "more",
    target: 2_500,
  },
  { id: "turn.json.p50", group: "turn", what: "… p50", unit: "ms", better: "less" },
  { id: "turn.json.p99", group: "turn", what: "… p99", unit: "ms", better: "less" },
  { id: "turn.json.cpu", group: "turn", what: "… CPU per request", unit: "µs", better: "less" },
  {
    id: "turn.sse",
    group: "turn",
    what: "durable agent turns, SSE, 16 clients",
    unit: "/s",
    better: "more",
    target: 2_500,
  },
  { id: "turn.sse.p50", group: "turn", what: "… p50", unit: "ms", better: "less" },
  { id: "turn.sse.p99", group: "turn", what: "… p99", unit: "ms", better: "less" },
  { id: "turn.sse.cpu", group: "turn", what: "… CPU per request", unit: "µs", better: "less" },
  {
    id: "replay",
    group: "turn",
    what: "100 k events to a reconnecting SSE client",
    unit: "ms",
    better: "less",
    target: 3_000,
    requirement: "SPEC PERF-005",
  },
];

const HANDS: readonly Row[] = [
  {
    id: "first",
    group: "hands",
    what: "a provider's first word → on the bus, p50",
    unit: "ms",
    better: "less",
    target: 1,
  },
  { id: "first.p99", group: "hands", what: "… p99", unit: "ms", better: "less" },
  {
    id: "context",
    group: "hands",
    what: "the context of a session of 1,000 messages, p50",
    unit: "ms",
    better: "less",
    target: 10,
  },
  { id: "context.p99", group: "hands", what: "… p99", unit: "ms", better: "less" },
  {
    id: "decide",
    group: "hands",
    what: "a policy decision, two touches, 30 rules",
    unit: "µs",
    better: "less",
    target: 20,
  },
  {
    id: "call",
    group: "hands",
    what: "a tool call around its act (schema, policy, journal, audit, redaction), p50",
    unit: "ms",
    better: "less",
    target: 3,
  },
  { id: "call.p99", group: "hands", what: "… p99", unit: "ms", better: "less" },
  {
    id: "command",
    group: "hands",
    what: "`true` in the sandbox, p50",
    unit: "ms",
    better: "less",
    target: 30,
  },
  { id: "mcp", group: "hands", what: "echo of an MCP server over stdio, p50", unit: "ms", better: "less" },
];

export const ROWS: readonly Row[] = [...QUEUE, ...START, ...TURN, ...HANDS];
