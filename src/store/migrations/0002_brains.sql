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
CREATE INDEX tasks_session ON tasks (session_id, anchor);

-- What the final answer must be, as JSON of {name, schema, maxRetries}; null takes any text.
ALTER TABLE tasks ADD COLUMN output_schema TEXT;

-- A wait that ends by itself: at available_at the task goes on instead of failing with WAIT_EXPIRED.
ALTER TABLE tasks ADD COLUMN wakes INTEGER NOT NULL DEFAULT 0 CHECK (wakes = 0 OR wakes = 1);

-- What stands for the older messages of a session once they no longer fit a model's window. The messages stay: a
-- summary covers everything from the session's start to just before `up_to_offset` (UTF-16 units) of the message at
-- (up_to_anchor, up_to_part), except messages written after `read_at`. `from_anchor` is where what it added begins.
CREATE TABLE summaries (
  id            INTEGER PRIMARY KEY,
  session_id    TEXT NOT NULL,
  from_anchor   INTEGER NOT NULL,
  up_to_anchor  INTEGER NOT NULL,
  up_to_part    INTEGER NOT NULL,
  up_to_offset  INTEGER NOT NULL CHECK (up_to_offset >= 0),
  text          TEXT NOT NULL CHECK (text <> ''),
  task_id       TEXT NOT NULL,
  provider      TEXT NOT NULL,
  model         TEXT NOT NULL,
  input_tokens  INTEGER,
  output_tokens INTEGER,
  cached_tokens INTEGER,
  cost_usd      REAL,
  read_at       INTEGER NOT NULL,
  created_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX summaries_session ON summaries (session_id, up_to_anchor, up_to_part, up_to_offset);
CREATE INDEX summaries_task ON summaries (task_id);

-- Everything tasks bought. Look it up by task_id = a parameter: a join would read both tables whole.
CREATE VIEW purchases AS
  SELECT task_id, provider, model, input_tokens, output_tokens, cached_tokens, cost_usd, at FROM answers
  UNION ALL
  SELECT task_id, provider, model, input_tokens, output_tokens, cached_tokens, cost_usd, created_at FROM summaries;

-- A task whose last attempt died with its daemon: it may be what took the daemon down, so suspects run one at a time.
ALTER TABLE tasks ADD COLUMN suspect INTEGER NOT NULL DEFAULT 0 CHECK (suspect = 0 OR suspect = 1);
CREATE INDEX tasks_suspect ON tasks (state) WHERE suspect = 1 AND finished_at IS NULL;
