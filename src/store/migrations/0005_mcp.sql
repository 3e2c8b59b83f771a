-- What operators approved of MCP servers. Definitions are text of somebody else, kept as canonical JSON.

CREATE TABLE mcp_servers (
  server      TEXT PRIMARY KEY,
  identity    TEXT NOT NULL,
  approved_by TEXT NOT NULL,
  approved_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A tool is offered and callable while what was seen last is what was pinned. `seen_json` is null once it is gone.
CREATE TABLE mcp_tools (
  server      TEXT NOT NULL,
  tool        TEXT NOT NULL,
  seen_json   TEXT,
  seen_hash   TEXT,
  pinned_json TEXT,
  pinned_hash TEXT,
  seen_at     INTEGER NOT NULL,
  pinned_at   INTEGER,
  PRIMARY KEY (server, tool),
  CHECK ((seen_json IS NULL) = (seen_hash IS NULL)),
  CHECK ((pinned_json IS NULL) = (pinned_hash IS NULL)),
  CHECK ((pinned_json IS NULL) = (pinned_at IS NULL)),
  CHECK (seen_json IS NOT NULL OR pinned_json IS NOT NULL)
) STRICT, WITHOUT ROWID;
