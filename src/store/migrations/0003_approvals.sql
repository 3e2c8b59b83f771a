-- Approvals and questions: what a person is asked before an act, bound to its digest, decided once and used once.
DROP VIEW v_approvals;
DROP TABLE approvals;

CREATE TABLE approvals (
  id             TEXT PRIMARY KEY,
  task_id        TEXT NOT NULL,
  session_id     TEXT NOT NULL,
  agent_id       TEXT NOT NULL,
  effect_key     TEXT NOT NULL,
  kind           TEXT NOT NULL CHECK (kind = 'act' OR kind = 'question'),
  capability     TEXT NOT NULL,
  status         TEXT NOT NULL CHECK (
                   status = 'PENDING' OR status = 'APPROVED' OR status = 'DENIED' OR status = 'EXPIRED' OR
                   status = 'USED'),
  act            TEXT NOT NULL,
  digest         TEXT NOT NULL,
  rule           TEXT NOT NULL,
  reason         TEXT NOT NULL,
  policy_version TEXT NOT NULL,
  created_at     INTEGER NOT NULL,
  expires_at     INTEGER NOT NULL,
  decided_at     INTEGER,
  decided_by     TEXT,
  note           TEXT,
  answer         TEXT,
  CONSTRAINT decided_has_who CHECK (
    (decided_by IS NOT NULL) = (decided_at IS NOT NULL) AND
    (status <> 'APPROVED' OR decided_by IS NOT NULL) AND (status <> 'USED' OR decided_by IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX approvals_effect ON approvals (effect_key);
CREATE INDEX approvals_pending ON approvals (session_id) WHERE status = 'PENDING';
CREATE INDEX approvals_task ON approvals (task_id);

CREATE VIEW v_approvals AS
  SELECT id, task_id, capability, status, digest, expires_at, decided_by FROM approvals;

-- The closed-list code of a refusal, and what was asked of the policy (JSON), so that it can be asked again of another.
ALTER TABLE audit ADD COLUMN code TEXT;
ALTER TABLE audit ADD COLUMN request TEXT;
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_task ON audit (task_id) WHERE task_id IS NOT NULL;

DROP VIEW v_audit;
CREATE VIEW v_audit AS
  SELECT seq, at, trace_id, task_id, agent_id, principal, capability, resource, decision, rule,
         policy_version, hash, code
  FROM audit;

-- What a result brought into its task: `untrusted`, `private`, both separated by a space, or nothing.
ALTER TABLE effects ADD COLUMN labels TEXT NOT NULL DEFAULT '';
