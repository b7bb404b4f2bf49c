-- Rounds, definitions, villages, exports.

-- Counts the changes of rounds, definitions, villages and local governments.
ALTER TABLE office ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;

CREATE INDEX records_round ON records (id) WHERE type = '_round';

-- Forms and indicator sets beside those that are built into the program.
CREATE TABLE definitions (
  kind    TEXT    NOT NULL, -- form, indicators
  name    TEXT    NOT NULL,
  version INTEGER NOT NULL,
  hash    TEXT    NOT NULL, -- SHA-256 of body, hexadecimal
  status  TEXT    NOT NULL, -- draft: may be replaced; published: never changes
  at      INTEGER NOT NULL, -- of that status
  "by"    TEXT    NOT NULL,
  body    BLOB    NOT NULL, -- canonical JSON
  PRIMARY KEY (kind, name, version)
);

CREATE TABLE villages (
  code        TEXT PRIMARY KEY,
  name_th     TEXT NOT NULL,
  name_en     TEXT NOT NULL,
  local_gov   TEXT NOT NULL, -- empty if not known
  lat         REAL,
  lon         REAL,
  valid_from  TEXT NOT NULL, -- ISO 8601 or empty
  valid_to    TEXT NOT NULL,
  predecessor TEXT NOT NULL  -- the village that it was split from, or empty
) WITHOUT ROWID;

CREATE TABLE local_govs (
  code     TEXT PRIMARY KEY,
  name_th  TEXT NOT NULL,
  kind     TEXT NOT NULL,
  province TEXT NOT NULL
) WITHOUT ROWID;

-- Who took which data out. Nothing is ever deleted here.
CREATE TABLE exports (
  id       INTEGER PRIMARY KEY,
  at       INTEGER NOT NULL,
  "user"   TEXT    NOT NULL,
  "from"   TEXT    NOT NULL, -- address or program
  area     TEXT    NOT NULL,
  round    BLOB    NOT NULL, -- zeros: all
  format   TEXT    NOT NULL,
  what     TEXT    NOT NULL,
  personal INTEGER NOT NULL, -- 1: with columns that name people
  reason   TEXT    NOT NULL,
  rows     INTEGER NOT NULL
);
