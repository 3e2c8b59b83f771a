-- Clients' own requests: what is asked, while its task has not ended, and why a model would not answer.

-- `request` is the JSON of a Passage. It can be megabytes of images, and it is the client's: it goes with the task's end.
CREATE TABLE passages (
  task_id TEXT PRIMARY KEY,
  request TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER passages_end AFTER UPDATE OF finished_at ON tasks
  WHEN NEW.kind = 'passthrough' AND NEW.finished_at IS NOT NULL
BEGIN
  DELETE FROM passages WHERE task_id = NEW.id;
END;

ALTER TABLE answers ADD COLUMN refusal TEXT;

-- How an answer with signed reasoning is found again when its client sends it back: it never saw what was signed.
ALTER TABLE answers ADD COLUMN mark TEXT;
CREATE INDEX answers_mark ON answers (mark, at) WHERE mark IS NOT NULL;
