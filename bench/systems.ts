// The systems in the table, in the order of its lines; the text says what an acknowledgement of each is worth.

export interface System {
  readonly id: string;
  readonly name: string;
  /** Ours in another shape: shown without a ratio. */
  readonly own?: true;
}

/** Ratios are against this one. */
export const OURS = "goclaw";

export const SYSTEMS: readonly System[] = [
  { id: OURS, name: "goclaw", own: true },
  { id: "goclaw-openai", name: "goclaw, model behind HTTP (openai SDK, stub on loopback)", own: true },
  { id: "grouped", name: "limit: SQLite FULL, task + event row, grouped commits" },
  { id: "single", name: "limit: SQLite FULL, task + event row, a commit each" },
  { id: "http", name: "limit: node:http + one durable row a request" },
  { id: "plainjob", name: "plainjob 0.0.14 (synchronous=NORMAL: NOT crash durable)" },
  { id: "bullmq-always", name: "BullMQ 6.7.0, Redis appendfsync always" },
  { id: "bullmq-everysec", name: "BullMQ 6.7.0, Redis everysec (may lose 1 s)" },
  { id: "portkey", name: "Portkey 1.15.2 (QUOTED from another run, not measured)" },
  { id: "openclaw", name: "OpenClaw 2026.9.6 (QUOTED from another run, not measured)" },
  { id: "bwrap", name: "limit: bubblewrap with the same namespaces, nothing else" },
  { id: "mcp-client", name: "limit: the official MCP client alone" },
  { id: "disk", name: "limit: this disk" },
];
