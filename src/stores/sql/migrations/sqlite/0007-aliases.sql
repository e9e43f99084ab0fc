-- Names for model ids that change with time.

CREATE TABLE aliases (
  owner TEXT NOT NULL, -- a tenant; '': everybody
  name TEXT NOT NULL,
  targets TEXT NOT NULL, -- JSON, by time
  created_at TEXT NOT NULL,
  PRIMARY KEY (owner, name)
) STRICT, WITHOUT ROWID;
