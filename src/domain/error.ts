// The closed list of codes: every reason and error that is visible outside, with its HTTP status, JSON-RPC code and
// whether trying the same thing again can help. `goclaw codes` prints it; nothing else may be sent.

export interface CodeInfo {
  readonly meaning: string;
  readonly http: number;
  readonly jsonrpc: number;
  readonly retryable: boolean;
}

const row = (meaning: string, http: number, jsonrpc: number, retryable = false): CodeInfo => ({
  meaning,
  http,
  jsonrpc,
  retryable,
});

export const CODES = {
  // requests
  BAD_REQUEST: row("the request is malformed or has a field that cannot be honoured", 400, -32602),
  PARSE_ERROR: row("the body is not valid JSON", 400, -32700),
  METHOD_UNKNOWN: row("no such method or route", 404, -32601),
  METHOD_NOT_ALLOWED: row("the route takes other methods; the Allow header names them", 405, -32601),
  UNSUPPORTED_MEDIA: row("the body must be application/json", 415, -32600),
  REQUEST_INVALID: row("not a JSON-RPC 2.0 request, or too many in one batch", 400, -32600),
  PROTO_STATE: row("the connection has not said system.hello, or has said it already", 400, -32600),
  UPGRADE_REQUIRED: row("this address speaks WebSocket", 426, -32600),
  REPLAY_GAP: row("the log no longer holds what comes after this event", 410, 1000),
  LIMIT_SIZE: row("a request, a file or a result is larger than its limit", 413, -32600),
  AUTH_MISSING: row("no credential was sent", 401, -32001),
  AUTH_INVALID: row("the credential is not valid", 401, -32001),
  TOKEN_ROTATED: row("the token of the home was replaced; the one before is refused", 401, -32001),
  HOST_DENIED: row("the Host header names another host", 421, -32001),
  ORIGIN_DENIED: row("the Origin header is not allowed", 403, -32001),
  CAP_DENIED: row("the policy does not allow this capability", 403, -32003),
  DELEGATE_ESCALATION: row("an agent that the work comes from may not do it itself", 403, -32003),
  TAINT_EGRESS: row("data could leave: text from outside and private data met in one task", 403, -32003),
  TAINT_EXEC: row("something would run after text from outside was read", 403, -32003),
  APPROVAL_REQUIRED: row("a person must approve the act first", 403, -32003),
  APPROVAL_DENIED: row("a person denied the act", 403, -32003),
  APPROVAL_EXPIRED: row("nobody approved the act in time", 403, -32003),
  APPROVAL_DECIDED: row("the approval is decided or used already", 409, -32009),
  APPROVAL_MISMATCH: row("what was approved is not what would be done now", 403, -32003),
  APPROVAL_UNSHOWABLE: row("the act cannot be shown as it is, so nobody can approve it", 403, -32003),
  APPROVAL_TOO_BROAD: row("a standing rule for this act would allow too much", 400, -32602),
  APPROVAL_NOT_FOUND: row("no such approval", 404, -32004),
  LIMIT_RATE: row("too many at once; try again later", 429, 4290, true),
  LIMIT_CHILDREN: row("a task has as many child tasks, or as many above it, as it may", 409, -32009),
  LIMIT_CONN: row("too many connections", 429, 4290, true),
  KEY_DENIED: row("the API key does not cover this agent or operation", 403, -32003),
  KEY_NOT_FOUND: row("no such API key", 404, -32004),
  RATE_LIMITED: row("the API key made more requests a minute than it may", 429, 4290, true),
  TASK_NOT_FOUND: row("no such task", 404, -32004),
  SESSION_NOT_FOUND: row("no such session", 404, -32004),
  AGENT_NOT_FOUND: row("no such agent", 404, -32004),
  MODEL_NOT_FOUND: row("no such model", 404, -32004),
  MCP_SERVER_UNKNOWN: row("no such MCP server in config.yaml", 404, -32004),
  SCHEDULE_NOT_FOUND: row("no such schedule", 404, -32004),
  IDEMPOTENCY_CONFLICT: row("the idempotency key was used with another body", 409, -32009),
  STATE_CONFLICT: row("the task is not in a state that allows this", 409, -32009),
  QUEUE_FULL: row("the queue limit is reached; try again later", 429, 4290, true),
  // the daemon
  SHUTTING_DOWN: row("the daemon is draining and takes no new work", 503, -32050, true),
  STARTING: row("the daemon has not finished its recovery", 503, -32050, true),
  DISK_FULL: row("the disk is full; nothing is accepted until there is space", 503, -32050, true),
  IO_ERROR: row("the database cannot be written", 503, -32050, true),
  INTERNAL: row("a defect in goclaw; the log has the details", 500, -32603),
  // start-up
  HOME_LOCKED: row("another daemon owns this home", 503, -32050),
  DB_DAMAGED: row("the database is unreadable or damaged", 500, -32050),
  DB_NEWER: row("the database was written by a newer goclaw", 500, -32050),
  CONFIG_INVALID: row("config.yaml is not valid", 400, -32050),
  CONFIG_UNSAFE: row("the configuration would expose the daemon", 400, -32050),
  POLICY_INVALID: row("policy.yaml is not valid", 400, -32050),
  BIND_FAILED: row("the address cannot be bound", 500, -32050),
  // why a task waits or moved
  LEASE_EXPIRED: row("the attempt did not renew its lease in time", 500, -32050, true),
  OWNER_DIED: row("the daemon that ran the attempt is gone", 500, -32050, true),
  SHUTDOWN_REQUEUED: row("a polite stop put the task back; the attempt does not count", 503, -32050, true),
  OPERATOR_RETRY: row("an operator brought the task back", 200, 0),
  RETRY_DUE: row("the backoff is over", 200, 0),
  ABORTED: row("the task was canceled on request", 409, -32009),
  CLIENT_GONE: row("nobody is left to take the answer of a client's own request", 409, -32009),
  AWAITING_APPROVAL: row("the task waits for an approval", 409, -32009),
  AWAITING_CHILD: row("the task waits for a child task", 409, -32009),
  AWAITING_INPUT: row("the task waits for an answer", 409, -32009),
  AWAITING_BUDGET: row("the task waits for budget", 409, -32009),
  EFFECT_UNKNOWN: row("an act with unknown outcome must be resolved by an operator", 409, -32009),
  EFFECT_RESOLVED: row("an operator settled the unknown effect", 200, 0),
  APPROVAL_ANSWERED: row("a person answered; the task goes on", 200, 0),
  CHILD_ENDED: row("the child task that was waited for ended; the task goes on", 200, 0),
  CHILD_LATE: row("the child task did not end in time; the task goes on without its answer", 200, 0),
  BUDGET_RETRY: row("the task looks again whether there is budget", 200, 0),
  BUDGET_EXCEEDED: row("a budget with on_limit: fail is used up", 402, 4000),
  KEY_BUDGET_EXCEEDED: row(
    "the API key's budget has no room for a client's own conversation",
    429,
    4290,
    true,
  ),
  BUDGET_UNPRICED: row("a budget in dollars is set for a model without a known price", 402, 4000),
  WAIT_EXPIRED: row("nobody answered before the deadline", 408, -32050),
  RETRY_PROVIDER_RATE_LIMIT: row("the provider asked to slow down", 429, 4290, true),
  RETRY_PROVIDER_OVERLOADED: row("the provider is overloaded or failed", 503, 4000, true),
  RETRY_PROVIDER_TIMEOUT: row("the provider did not answer in time", 504, 4000, true),
  RETRY_PROVIDER_NETWORK: row("the provider could not be reached or broke off", 502, 4000, true),
  RETRY_PROVIDER_MALFORMED: row("the provider's answer could not be understood", 502, 4000, true),
  RETRY_PROCESSOR_ERROR: row("the attempt failed for a reason inside goclaw", 500, -32603, true),
  // why a slot of a schedule did not run
  SCHEDULE_MISSED: row("no daemon was there when the slot was due", 409, -32009),
  SCHEDULE_OVERLAP: row("the run of an earlier slot has not ended", 409, -32009),
  SCHEDULE_OFF: row("the schedule was switched off or removed before the slot's turn", 409, -32009),
  // why a task ended
  PROVIDER_NOT_CONFIGURED: row("the provider has no key or is unknown", 502, 4000),
  PROVIDER_AUTH: row("the provider refused the key", 502, 4000),
  PROVIDER_QUOTA: row("the provider says the account is out of credit", 402, 4000),
  PROVIDER_BAD_REQUEST: row("the provider refused the request", 400, 4000),
  PROVIDER_CONTEXT_LENGTH: row("the conversation does not fit the model's window", 400, 4000),
  PROVIDER_REFUSED: row("the provider refused the content", 400, 4000),
  STRUCTURED_OUTPUT_INVALID: row("the model's answer does not fit the task's JSON Schema", 502, 4000),
  CASSETTE_MISS: row("the cassette has no answer for this request", 400, 4000),
  CASSETTE_BROKEN: row("the cassette's file cannot be read, or is no cassette", 400, 4000),
  TASK_TIMEOUT: row("the attempt ran longer than task_timeout_seconds", 504, -32050, true),
  TURN_LIMIT: row("the agent used all its turns without an answer", 500, 4000),
  DEAD_LETTER_MAX_ATTEMPTS: row("every allowed attempt failed", 500, -32050),
  DEAD_LETTER_POISON_PILL: row("the same failure came back again and again", 500, -32050),
  CRASH_LOOP: row("the daemon died at every attempt of this task", 500, -32050),
  // what the path guard refuses
  PATH_OUTSIDE: row("the path is not in a directory the policy opens, or not in that mode", 403, -32003),
  PATH_PROTECTED: row("the path is protected, whatever the policy opens", 403, -32003),
  PATH_SYMLINK: row("a part of the path is a symbolic link", 403, -32003),
  PATH_HARDLINK: row("the file has another name, which may lie outside", 403, -32003),
  PATH_SPECIAL: row("the path is a device, pipe or socket, not a file or directory", 403, -32003),
  // tool outcomes the model sees
  TOOL_UNKNOWN: row("no such tool", 404, -32601),
  TOOL_ARGUMENTS: row("the arguments do not fit the tool's schema", 400, -32602),
  TOOL_FAILED: row("the tool reported an error", 500, -32050),
  // what the egress guard refuses
  URL_SCHEME: row("only http and https URLs can be fetched", 400, -32602),
  URL_FORM: row("the URL is malformed, ambiguous or names a user", 400, -32602),
  URL_PRIVATE_ADDR: row("the URL names this machine or a private network", 403, -32003),
  URL_DOMAIN: row("the policy does not allow this host", 403, -32003),
  URL_PORT: row("the policy does not allow this port", 403, -32003),
  URL_DNS_PRIVATE: row("the host's name leads to an address that is not public", 403, -32003),
  URL_DNS_REBIND: row("the connection led to another address than the one that was judged", 403, -32003),
  URL_REDIRECT_DENIED: row("a redirect led to where the request may not go", 403, -32003),
  TLS_INVALID: row("the server's certificate or protocol cannot be trusted", 502, -32050),
  LIMIT_TIME: row("it took longer than its limit", 504, -32050, true),
  // what keeps a command from running, or ended it
  MCP_PIN_MISMATCH: row("an MCP server or tool is not what was approved", 409, -32009),
  MCP_UNSHOWABLE: row("an MCP tool's definition holds what cannot be shown", 409, -32009),
  MCP_NAME_CLASH: row("two MCP tools would be offered under one name", 409, -32009),
  MCP_UNAVAILABLE: row("the MCP server cannot be reached or does not behave", 502, -32050, true),
  EXEC_NOT_ALLOWED: row(
    "a rule with * does not cover this option or program; a person must approve it",
    403,
    -32003,
  ),
  EXEC_FAILED: row("the program could not be started", 500, -32050),
  ENV_DENIED: row("the variable may not be set for a command", 403, -32003),
  SANDBOX_DENIED: row("the policy does not allow a command outside a sandbox", 403, -32003),
  SANDBOX_UNAVAILABLE: row("the sandbox that config.yaml names cannot be had here", 501, -32050),
  LIMIT_RES: row("it used more memory, processes or disk than its limit", 507, -32050),
} as const satisfies Record<string, CodeInfo>;

export type Code = keyof typeof CODES;

/** Process exit codes (CONTRACT section 1). */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  internal: 70,
  locked: 73,
  database: 74,
  diskFull: 75,
  newer: 76,
  refused: 77,
  noSandbox: 78,
} as const;

const EXIT_OF: Partial<Record<Code, number>> = {
  HOME_LOCKED: EXIT.locked,
  DB_DAMAGED: EXIT.database,
  IO_ERROR: EXIT.database,
  DISK_FULL: EXIT.diskFull,
  DB_NEWER: EXIT.newer,
  CONFIG_INVALID: EXIT.refused,
  CONFIG_UNSAFE: EXIT.refused,
  POLICY_INVALID: EXIT.refused,
  CAP_DENIED: EXIT.refused,
  SANDBOX_UNAVAILABLE: EXIT.noSandbox,
  ENV_DENIED: EXIT.refused,
  MCP_PIN_MISMATCH: EXIT.refused,
  MCP_UNSHOWABLE: EXIT.refused,
  INTERNAL: EXIT.internal,
};

export function exitCodeOf(code: Code): number {
  return EXIT_OF[code] ?? EXIT.failed;
}

/** An operating failure with a code from the table; `message` names what was wrong, where, and what to do. */
export class GoclawError extends Error {
  readonly code: Code;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: Code, message: string, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "GoclawError";
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The code of anything thrown: unknown errors are INTERNAL, their detail goes to the log only. */
export function codeOf(error: unknown): Code {
  return error instanceof GoclawError ? error.code : "INTERNAL";
}

/** The text of anything thrown, for logs and causes. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
