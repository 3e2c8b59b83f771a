-- Budgets by provider and by API key, what failed calls were billed for, and messages that stand aside of a conversation.

-- A credential for clients. The key itself is shown once; `hash` is the SHA-256 of it in hex. `agents` and `scopes` are
-- JSON lists, `budgets` is JSON with the keys of a budget. A revoked key keeps its row: spending names it.
CREATE TABLE api_keys (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL CHECK (name <> ''),
  hash       TEXT NOT NULL CHECK (length(hash) = 64),
  agents     TEXT NOT NULL,
  scopes     TEXT NOT NULL,
  rpm        INTEGER CHECK (rpm > 0),
  budgets    TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX api_keys_name ON api_keys (name) WHERE revoked_at IS NULL;

-- The key a task was submitted with; null for the home's own token.
ALTER TABLE tasks ADD COLUMN key_id TEXT;
ALTER TABLE reservations ADD COLUMN key_id TEXT;

-- Which providers a call in flight may end up at, and what it would cost there; only providers with limits of their own.
CREATE TABLE reserved_links (
  task_id  TEXT NOT NULL,
  turn     INTEGER NOT NULL,
  provider TEXT NOT NULL,
  usd      REAL NOT NULL CHECK (usd >= 0),
  tokens   INTEGER NOT NULL CHECK (tokens >= 0),
  PRIMARY KEY (task_id, turn, provider),
  FOREIGN KEY (task_id, turn) REFERENCES reservations (task_id, turn) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- A model call that brought nothing usable and was billed all the same.
CREATE TABLE failed_calls (
  id            TEXT PRIMARY KEY,
  task_id       TEXT NOT NULL,
  session_id    TEXT NOT NULL,
  turn          INTEGER NOT NULL,
  provider      TEXT NOT NULL,
  model         TEXT NOT NULL,
  error_class   TEXT NOT NULL,
  input_tokens  INTEGER,
  output_tokens INTEGER,
  cached_tokens INTEGER,
  cost_usd      REAL,
  attempt       INTEGER NOT NULL,
  at            INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX failed_calls_task ON failed_calls (task_id);
CREATE INDEX failed_calls_session ON failed_calls (session_id);

-- Everything tasks bought. Look it up by task_id = a parameter, or by a range of `at`.
DROP VIEW purchases;
CREATE VIEW purchases AS
  SELECT task_id, provider, model, input_tokens, output_tokens, cached_tokens, cost_usd, at FROM answers
  UNION ALL
  SELECT task_id, provider, model, input_tokens, output_tokens, cached_tokens, cost_usd, created_at FROM summaries
  UNION ALL
  SELECT task_id, provider, model, input_tokens, output_tokens, cached_tokens, cost_usd, at FROM failed_calls;

-- Reports ask for what was bought since a day.
CREATE INDEX answers_at ON answers (at);
CREATE INDEX summaries_at ON summaries (created_at);
CREATE INDEX failed_calls_at ON failed_calls (at);

-- A message that belongs to its task and to no conversation: no model is shown it.
ALTER TABLE messages ADD COLUMN aside INTEGER NOT NULL DEFAULT 0 CHECK (aside = 0 OR aside = 1);

-- Limits of a provider hold from the upgrade on, also for the day and the month that have begun.
INSERT INTO spend_totals (scope, period, usd, tokens)
  SELECT 'provider:' || provider, period, coalesce(sum(cost_usd), 0),
         sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0))
  FROM (
    SELECT *, strftime('day:%Y-%m-%d', at / 1000, 'unixepoch') AS period FROM purchases
    UNION ALL
    SELECT *, strftime('month:%Y-%m', at / 1000, 'unixepoch') FROM purchases)
  GROUP BY provider, period;
