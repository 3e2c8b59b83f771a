-- Core tables: sessions, messages, tasks, their event log, the journal (answers, effects), audit and policy versions.
-- CHECKs are chains of OR: SQLite builds a table for IN lists at every row.
-- Times are integer epoch milliseconds, lease_until is monotonic milliseconds of the boot named in lease_owner.

CREATE TABLE sessions (
  id         TEXT PRIMARY KEY,
  agent_id   TEXT NOT NULL,
  fair_tag   INTEGER NOT NULL,
  anchor     INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `anchor` numbers the prompts of a session; part 0 is the prompt, later parts are what was answered to it.
CREATE TABLE messages (
  session_id TEXT NOT NULL,
  anchor     INTEGER NOT NULL,
  part       INTEGER NOT NULL,
  role       TEXT NOT NULL CHECK (role = 'user' OR role = 'assistant' OR role = 'system'),
  content    TEXT NOT NULL,
  task_id    TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (session_id, anchor, part)
) STRICT, WITHOUT ROWID;

CREATE TABLE tasks (
  id                TEXT PRIMARY KEY,
  session_id        TEXT NOT NULL REFERENCES sessions (id),
  anchor            INTEGER NOT NULL,
  agent_id          TEXT NOT NULL,
  kind              TEXT NOT NULL,
  state             TEXT NOT NULL CHECK (
                      state = 'QUEUED' OR state = 'CLAIMED' OR state = 'RUNNING' OR state = 'RETRY_WAIT' OR
                      state = 'SUCCEEDED' OR state = 'FAILED' OR state = 'CANCELED' OR state = 'DEAD_LETTER'),
  priority          INTEGER NOT NULL CHECK (priority BETWEEN -10 AND 10),
  fair_tag          INTEGER NOT NULL,
  attempt           INTEGER NOT NULL DEFAULT 0 CHECK (attempt BETWEEN 0 AND max_attempts),
  max_attempts      INTEGER NOT NULL CHECK (max_attempts BETWEEN 1 AND 100),
  fence             INTEGER NOT NULL DEFAULT 0,
  available_at      INTEGER NOT NULL,
  reason_code       TEXT,
  error_code        TEXT,
  error_message     TEXT,
  fingerprint       TEXT,
  fingerprint_count INTEGER NOT NULL DEFAULT 0,
  lease_owner       TEXT,
  lease_until       REAL,
  idempotency_key   TEXT,
  parent_id         TEXT,
  model             TEXT,
  sampling          TEXT NOT NULL DEFAULT '{}',
  policy_version    TEXT,
  trace_id          TEXT NOT NULL,
  input_tokens      INTEGER NOT NULL DEFAULT 0,
  output_tokens     INTEGER NOT NULL DEFAULT 0,
  cached_tokens     INTEGER NOT NULL DEFAULT 0,
  created_at        INTEGER NOT NULL,
  updated_at        INTEGER NOT NULL,
  started_at        INTEGER,
  finished_at       INTEGER,
  CONSTRAINT lease_iff_owned CHECK (
    (lease_owner IS NOT NULL) = (state = 'CLAIMED' OR state = 'RUNNING')
    AND (lease_owner IS NULL) = (lease_until IS NULL)),
  CONSTRAINT finished_iff_terminal CHECK (
    (finished_at IS NOT NULL) =
    (state = 'SUCCEEDED' OR state = 'FAILED' OR state = 'CANCELED' OR state = 'DEAD_LETTER'))
) STRICT, WITHOUT ROWID;

-- Claiming takes the head of each (agent, priority) level: one seek a level, whatever the depth of the queue.
CREATE INDEX tasks_queued ON tasks (agent_id, priority DESC, fair_tag, created_at) WHERE state = 'QUEUED';
CREATE INDEX tasks_leased ON tasks (lease_owner, lease_until) WHERE lease_owner IS NOT NULL;
CREATE INDEX tasks_waiting ON tasks (available_at) WHERE state = 'RETRY_WAIT';
CREATE INDEX tasks_dead ON tasks (id) WHERE state = 'DEAD_LETTER';
CREATE INDEX tasks_children ON tasks (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE idempotency (
  key        TEXT PRIMARY KEY,
  task_id    TEXT NOT NULL,
  digest     TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE task_events (
  seq         INTEGER PRIMARY KEY,
  task_id     TEXT NOT NULL,
  session_id  TEXT NOT NULL,
  agent_id    TEXT NOT NULL,
  type        TEXT NOT NULL,
  state_from  TEXT,
  state_to    TEXT,
  attempt     INTEGER NOT NULL,
  reason_code TEXT,
  payload     TEXT NOT NULL,
  at          INTEGER NOT NULL
) STRICT;

CREATE INDEX task_events_task ON task_events (task_id, seq);

-- One whole model answer per turn, written before any of its tool calls is acted on.
CREATE TABLE answers (
  task_id       TEXT NOT NULL,
  turn          INTEGER NOT NULL,
  text          TEXT NOT NULL,
  tool_calls    TEXT NOT NULL,
  stop_reason   TEXT NOT NULL,
  provider      TEXT NOT NULL,
  model         TEXT NOT NULL,
  input_tokens  INTEGER,
  output_tokens INTEGER,
  cached_tokens INTEGER,
  attempt       INTEGER NOT NULL,
  at            INTEGER NOT NULL,
  PRIMARY KEY (task_id, turn)
) STRICT, WITHOUT ROWID;

-- One row per tool call: intent first (PENDING), outcome after the act.
CREATE TABLE effects (
  key        TEXT PRIMARY KEY,
  task_id    TEXT NOT NULL,
  turn       INTEGER NOT NULL,
  call_index INTEGER NOT NULL,
  tool       TEXT NOT NULL,
  class      TEXT NOT NULL CHECK (class = 'pure' OR class = 'keyed' OR class = 'once'),
  status     TEXT NOT NULL CHECK (status IN ('PENDING', 'DONE', 'FAILED', 'REFUSED', 'UNKNOWN')),
  digest     TEXT NOT NULL,
  outcome    TEXT,
  attempt    INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  settled_at INTEGER,
  UNIQUE (task_id, turn, call_index),
  CONSTRAINT settled_has_outcome CHECK ((outcome IS NOT NULL) = (status IN ('DONE', 'FAILED', 'REFUSED')))
) STRICT, WITHOUT ROWID;

CREATE TABLE approvals (
  id         TEXT PRIMARY KEY,
  task_id    TEXT NOT NULL,
  capability TEXT NOT NULL,
  status     TEXT NOT NULL CHECK (status IN ('PENDING', 'APPROVED', 'DENIED', 'EXPIRED', 'USED')),
  digest     TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  decided_by TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  seq            INTEGER PRIMARY KEY,
  at             INTEGER NOT NULL,
  trace_id       TEXT NOT NULL,
  task_id        TEXT,
  agent_id       TEXT,
  principal      TEXT NOT NULL,
  capability     TEXT NOT NULL,
  resource       TEXT,
  decision       TEXT NOT NULL CHECK (decision IN ('allow', 'deny', 'ask')),
  rule           TEXT NOT NULL,
  policy_version TEXT NOT NULL,
  hash           TEXT NOT NULL
) STRICT;

CREATE TABLE policy_versions (
  version   TEXT PRIMARY KEY,
  text      TEXT NOT NULL,
  loaded_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIEW v_tasks AS
  SELECT id, session_id, agent_id, kind, state, attempt, max_attempts, reason_code, lease_owner,
         available_at, idempotency_key, parent_id, created_at, updated_at
  FROM tasks;

CREATE VIEW v_events AS
  SELECT seq, task_id, type, state_from, state_to, attempt, reason_code, at FROM task_events;

CREATE VIEW v_effects AS
  SELECT key, class, tool, status, task_id, attempt FROM effects;

CREATE VIEW v_approvals AS
  SELECT id, task_id, capability, status, digest, expires_at, decided_by FROM approvals;

CREATE VIEW v_audit AS
  SELECT seq, at, trace_id, task_id, agent_id, principal, capability, resource, decision, rule,
         policy_version, hash
  FROM audit;
