-- Where text from outside came from, and what a session held when an act of it was judged.

ALTER TABLE effects ADD COLUMN source TEXT NOT NULL DEFAULT '';

-- What a session's tasks have brought in is asked at every call; most effects bring nothing.
CREATE INDEX effects_labels ON effects (task_id, labels, source) WHERE labels <> '';

DROP VIEW v_audit;
CREATE VIEW v_audit AS
  SELECT seq, at, trace_id, task_id, agent_id, principal, capability, resource, decision, rule,
         policy_version, hash, code,
         CASE WHEN json_valid(request)
              THEN (SELECT coalesce(group_concat(value, ' '), '') FROM json_each(request, '$.labels'))
              ELSE '' END AS taint
  FROM audit;
