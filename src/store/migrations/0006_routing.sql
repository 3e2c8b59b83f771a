-- Routing: requests a day of each provider, the decision of each task whose model is chosen, and what deciding cost.

-- Written before the request is made, so that a crash can count one too many and never one too few. `day` is UTC.
CREATE TABLE provider_requests (
  provider TEXT NOT NULL,
  day      TEXT NOT NULL,
  requests INTEGER NOT NULL CHECK (requests >= 0),
  PRIMARY KEY (provider, day)
) STRICT, WITHOUT ROWID;

-- Made once, before the first turn. `chain` is the JSON of [{provider, model}, …], so that a changed configuration does
-- not move a task that has begun.
CREATE TABLE routes (
  task_id    TEXT PRIMARY KEY,
  layer      TEXT NOT NULL,
  rule       TEXT NOT NULL,
  tier       TEXT,
  chain      TEXT NOT NULL,
  provider   TEXT NOT NULL,
  model      TEXT NOT NULL,
  confidence REAL NOT NULL,
  at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Headers of the request that submitted a task, as far as rules of routing ask for them; a JSON object.
CREATE TABLE route_headers (
  task_id TEXT PRIMARY KEY,
  headers TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Answers of the classifier, of use or not.
CREATE TABLE classifications (
  task_id       TEXT PRIMARY KEY,
  session_id    TEXT NOT NULL,
  provider      TEXT NOT NULL,
  model         TEXT NOT NULL,
  input_tokens  INTEGER,
  output_tokens INTEGER,
  cached_tokens INTEGER,
  cost_usd      REAL,
  at            INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX classifications_session ON classifications (session_id);
CREATE INDEX classifications_at ON classifications (at);

DROP VIEW purchases;

-- Everything tasks bought. Look it up by task_id = a parameter, or by a range of `at`.
CREATE VIEW purchases AS
  SELECT task_id, provider, model, input_tokens, output_tokens, cached_tokens, cost_usd, at FROM answers
  UNION ALL
  SELECT task_id, provider, model, input_tokens, output_tokens, cached_tokens, cost_usd, created_at FROM summaries
  UNION ALL
  SELECT task_id, provider, model, input_tokens, output_tokens, cached_tokens, cost_usd, at FROM failed_calls
  UNION ALL
  SELECT task_id, provider, model, input_tokens, output_tokens, cached_tokens, cost_usd, at FROM classifications;
