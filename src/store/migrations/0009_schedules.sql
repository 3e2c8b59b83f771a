-- Schedules, a run for every slot of theirs, and which schedule a task and its spending belong to.

-- `off` is why it does not fire: `operator`, `config`, or what is wrong with it. A schedule that was removed keeps its
-- row: runs and spending name it. `labels` is what the session held in which it was made; its tasks begin with that.
CREATE TABLE schedules (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL CHECK (name <> ''),
  cron_expr  TEXT NOT NULL,
  timezone   TEXT NOT NULL,
  agent_id   TEXT NOT NULL,
  prompt     TEXT NOT NULL,
  session_id TEXT,
  model      TEXT,
  misfire    TEXT NOT NULL CHECK (misfire = 'skip' OR misfire = 'once' OR misfire = 'all'),
  overlap    TEXT NOT NULL CHECK (overlap = 'skip' OR overlap = 'queue'),
  off        TEXT,
  source     TEXT NOT NULL CHECK (source = 'config' OR source = 'api'),
  created_by TEXT NOT NULL,
  key_id     TEXT,
  budgets    TEXT NOT NULL,
  labels     TEXT NOT NULL DEFAULT '',
  next_at    INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  removed_at INTEGER,
  CONSTRAINT next_iff_on CHECK ((next_at IS NOT NULL) = (off IS NULL AND removed_at IS NULL))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX schedules_name ON schedules (name) WHERE removed_at IS NULL;
CREATE INDEX schedules_due ON schedules (next_at) WHERE next_at IS NOT NULL;

-- One row a slot, so that none fires twice. `since_at`: the first of the slots that the row stands for. `late` is 1 for a
-- slot that catches up.
CREATE TABLE schedule_runs (
  schedule_id TEXT NOT NULL REFERENCES schedules (id),
  slot_at     INTEGER NOT NULL,
  outcome     TEXT NOT NULL CHECK (
                outcome = 'waiting' OR outcome = 'ran' OR outcome = 'caught_up' OR outcome = 'skipped' OR
                outcome = 'missed'),
  late        INTEGER NOT NULL CHECK (late = 0 OR late = 1),
  reason_code TEXT,
  reason      TEXT,
  since_at    INTEGER,
  task_id     TEXT,
  at          INTEGER NOT NULL,
  PRIMARY KEY (schedule_id, slot_at),
  CONSTRAINT task_iff_ran CHECK ((task_id IS NOT NULL) = (outcome = 'ran' OR outcome = 'caught_up')),
  CONSTRAINT reason_iff_not CHECK ((reason_code IS NOT NULL) = (outcome = 'skipped' OR outcome = 'missed'))
) STRICT, WITHOUT ROWID;

CREATE INDEX schedule_runs_waiting ON schedule_runs (schedule_id, slot_at) WHERE outcome = 'waiting';

-- The schedule a task was made for; tasks that it makes belong to it as well.
ALTER TABLE tasks ADD COLUMN schedule_id TEXT;
CREATE INDEX tasks_scheduled ON tasks (schedule_id) WHERE schedule_id IS NOT NULL AND finished_at IS NULL;
ALTER TABLE reservations ADD COLUMN schedule_id TEXT;
