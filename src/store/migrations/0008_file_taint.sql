-- Files that a task wrote while its session held text from outside: who reads one reads that text.

CREATE TABLE file_taint (
  path   TEXT PRIMARY KEY, -- absolute
  source TEXT NOT NULL,    -- hosts and MCP tools that the text came from, separated by spaces
  at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
