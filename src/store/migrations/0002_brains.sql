-- What the models' side of a task leaves behind: circuit breakers that outlive the daemon.

CREATE TABLE provider_health (
  provider   TEXT PRIMARY KEY,
  failures   INTEGER NOT NULL CHECK (failures >= 0),
  opened_at  INTEGER,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What an answer cost; null when the model has no known price. Reasoning and what a vendor wants back belong to it.
ALTER TABLE answers ADD COLUMN cost_usd REAL;
ALTER TABLE answers ADD COLUMN reasoning TEXT;
ALTER TABLE answers ADD COLUMN continuation TEXT;

-- Model calls in flight that hold a part of a budget; released with their answer, their failure or their owner's death.
CREATE TABLE reservations (
  task_id    TEXT NOT NULL,
  turn       INTEGER NOT NULL,
  session_id TEXT NOT NULL,
  agent_id   TEXT NOT NULL,
  owner      TEXT NOT NULL,
  usd        REAL NOT NULL CHECK (usd >= 0),
  tokens     INTEGER NOT NULL CHECK (tokens >= 0),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (task_id, turn)
) STRICT, WITHOUT ROWID;

-- Settled spending per scope and period: `all`, `agent:<id>`; `day:2026-01-31`, `month:2026-01` (UTC).
CREATE TABLE spend_totals (
  scope  TEXT NOT NULL,
  period TEXT NOT NULL,
  usd    REAL NOT NULL,
  tokens INTEGER NOT NULL,
  PRIMARY KEY (scope, period)
) STRICT, WITHOUT ROWID;

-- Tasks of a session that spent something, for its own limit and for reports.
CREATE INDEX tasks_session ON tasks (session_id);

-- A wait that ends by itself: at available_at the task goes on instead of failing with WAIT_EXPIRED.
ALTER TABLE tasks ADD COLUMN wakes INTEGER NOT NULL DEFAULT 0 CHECK (wakes = 0 OR wakes = 1);
