-- What the models' side of a task leaves behind: circuit breakers that outlive the daemon.

CREATE TABLE provider_health (
  provider   TEXT PRIMARY KEY,
  failures   INTEGER NOT NULL CHECK (failures >= 0),
  opened_at  INTEGER,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
