// What the command line asks about policy and audit, and what it is told: plain data between src/cli and src/control.ts.

export interface ExplainAsk {
  readonly agent?: string;
  readonly capability?: string;
  readonly path?: string;
  readonly write?: boolean;
  /** A host name or a URL. */
  readonly domain?: string;
  readonly command?: string | readonly string[];
  readonly mcp?: string;
  readonly taint?: readonly string[];
  readonly outgoing?: boolean;
}

export interface Explained {
  readonly decision: "allow" | "ask" | "deny";
  readonly code: string | null;
  readonly rule: string;
  readonly reason: string;
  readonly near: readonly { readonly rule: string; readonly why: string }[];
  readonly policy_version: string;
}

export interface PolicySummary {
  readonly file: string;
  readonly version: string;
  readonly capabilities: number;
  readonly domains: number;
  readonly paths: number;
  readonly rules: number;
  /** What is allowed more widely than it probably should be. */
  readonly warnings: readonly string[];
}

export interface CaseResult {
  readonly name: string;
  readonly ok: boolean;
  readonly expected: string;
  readonly got: Explained;
}

export interface PolicyDifference {
  readonly seq: number;
  readonly at: string;
  readonly agent_id: string | null;
  readonly capability: string;
  readonly resource: string | null;
  readonly was: string;
  readonly would_be: string;
  readonly rule: string;
}

export interface PolicyDiff {
  readonly since: string;
  readonly decisions: number;
  readonly changed: readonly PolicyDifference[];
}

export interface AuditSummary {
  readonly ok: boolean;
  readonly records: number;
  readonly checkpoints: number;
  /** Lines of logs/audit.jsonl that were compared. */
  readonly mirrored: number;
  /** Sequence number of the first record that is wrong or missing; null when all is well. */
  readonly first_bad: number | null;
  readonly why: string | null;
}

/** A rule that would allow the like of an approved act, and what it would have allowed already. */
export interface Proposal {
  /** One item for `rules` of policy.yaml. */
  readonly rule: string;
  readonly would_have_allowed: readonly PolicyDifference[];
}

/** src/control.ts, as the command line sees it. `Home` is the layout of a home directory. */
export interface Control<Home> {
  checkPolicy(home: Home, file?: string): PolicySummary;
  explainAll(home: Home, asks: readonly ExplainAsk[], file?: string): Explained[];
  testPolicy(home: Home, casesFile: string, file?: string): CaseResult[];
  diffPolicy(home: Home, otherFile: string, since: number): PolicyDiff;
  proposeRule(
    home: Home,
    approval: {
      readonly agentId: string;
      readonly capability: string;
      readonly act: Readonly<Record<string, unknown>>;
    },
    since: number,
  ): Proposal;
  verifyHomeAudit(home: Home): Promise<AuditSummary>;
  tailAudit(home: Home, taskId: string | null, limit: number): AuditLine[];
}

/** A record as logs/audit.jsonl has it. */
export interface AuditLine {
  readonly seq: number;
  readonly at: string;
  readonly trace_id: string;
  readonly task_id: string | null;
  readonly agent_id: string | null;
  readonly principal: string;
  readonly capability: string;
  readonly resource: string | null;
  readonly decision: string;
  readonly rule: string;
  readonly policy_version: string;
  readonly code: string | null;
  readonly request: string | null;
  readonly hash: string;
}
