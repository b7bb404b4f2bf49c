-- The store of one office. Times are ms since 1970 by the office's clock.
-- Portable to PostgreSQL but for the column types: no triggers, no sequences.

CREATE TABLE office (
  one     INTEGER PRIMARY KEY CHECK (one = 1),
  id      TEXT    NOT NULL, -- UUID, kept over restores: issuer and audience of tokens
  name    TEXT    NOT NULL, -- for people
  actor   BLOB    NOT NULL, -- of the office's own saves, new at every restore
  counter INTEGER NOT NULL, -- the last save of that actor
  epoch   BLOB    NOT NULL, -- new at every restore
  parent  BLOB    NOT NULL, -- the epoch of the restored backup, or zeros
  key_id  TEXT    NOT NULL, -- of the key that signs access tokens
  key     BLOB    NOT NULL, -- its Ed25519 seed
  pepper  BLOB    NOT NULL  -- keys the hashes of codes and challenges
);

-- The newest state of every record, as bytes.
CREATE TABLE records (
  id        BLOB    PRIMARY KEY,
  type      TEXT    NOT NULL,
  area      TEXT    NOT NULL, -- who may see it; a function of state, as all columns above updated
  hash      BLOB    NOT NULL, -- item hash
  conflicts INTEGER NOT NULL, -- how many groups hold different answers
  deleted   INTEGER NOT NULL, -- 1 if deleted
  seq       INTEGER NOT NULL, -- its place in the feed of its tambon
  updated   INTEGER NOT NULL,
  state     BLOB    NOT NULL  -- canonical CBOR, as it came
);
CREATE INDEX records_area ON records (area, id);

-- One dense sequence for each tambon. The row is locked from the moment a
-- number is taken until the commit, so the order of numbers is that of commits.
CREATE TABLE feeds (
  feed     TEXT    PRIMARY KEY, -- tambon code, or the shorter code itself
  seq      INTEGER NOT NULL,    -- the last number taken
  restored INTEGER NOT NULL     -- its value when the store was last restored
);

-- The newest number of each record, and one row for each area it has left.
CREATE TABLE feed (
  feed   TEXT    NOT NULL,
  seq    INTEGER NOT NULL,
  record BLOB    NOT NULL,
  area   TEXT    NOT NULL, -- of the record; of an out row: the area it left
  out    INTEGER NOT NULL, -- 1: left this area
  origin BLOB,             -- the actor whose push is exactly this state, else null
  PRIMARY KEY (feed, seq)
) WITHOUT ROWID;
CREATE INDEX feed_out ON feed (record) WHERE out = 1;

-- Sums of item hashes, so that two stores can be compared at no cost.
CREATE TABLE leaves (
  area   TEXT    NOT NULL,
  bucket INTEGER NOT NULL,
  count  INTEGER NOT NULL,
  sum    BLOB    NOT NULL, -- modulo 2^128, big-endian
  PRIMARY KEY (area, bucket)
) WITHOUT ROWID;

-- Every save that the office ever saw: who, when, with what. Audit, and the
-- detector of copied devices: one dot with two hashes.
CREATE TABLE ops (
  actor    BLOB    NOT NULL,
  counter  INTEGER NOT NULL,
  record   BLOB    NOT NULL,
  hash     BLOB    NOT NULL,
  wall     INTEGER NOT NULL, -- the device's clock
  "offset" INTEGER NOT NULL, -- to the office's clock, as the device knew it
  "user"   TEXT    NOT NULL,
  form     TEXT    NOT NULL,
  app      TEXT    NOT NULL,
  reason   TEXT    NOT NULL,
  device   TEXT    NOT NULL, -- that brought it; empty for the office itself
  received INTEGER NOT NULL,
  PRIMARY KEY (actor, counter)
) WITHOUT ROWID;

CREATE TABLE cases (
  id     TEXT    PRIMARY KEY, -- UUIDv5 of record and group
  record BLOB    NOT NULL,
  grp    TEXT    NOT NULL,
  kind   TEXT    NOT NULL,
  opened INTEGER NOT NULL,
  closed INTEGER NOT NULL -- 0 while open
);
CREATE INDEX cases_record ON cases (record);
CREATE INDEX cases_closed ON cases (closed, opened);

CREATE TABLE devices (
  id         TEXT    PRIMARY KEY,
  name       TEXT    NOT NULL,
  officer    TEXT    NOT NULL,
  app        TEXT    NOT NULL,
  algorithm  TEXT    NOT NULL,
  public_key BLOB    NOT NULL,
  generation INTEGER NOT NULL, -- must equal that in the token
  enrolled   INTEGER NOT NULL,
  seen       INTEGER NOT NULL, -- last hello, 0 never
  revoked    INTEGER NOT NULL, -- 0 while it may sync
  decided    INTEGER NOT NULL  -- how many of its inbox items were decided
);

CREATE TABLE grants (
  device TEXT NOT NULL,
  area   TEXT NOT NULL, -- and everything below
  PRIMARY KEY (device, area)
) WITHOUT ROWID;

CREATE TABLE actors (
  actor   BLOB    PRIMARY KEY,
  device  TEXT    NOT NULL,
  counter INTEGER NOT NULL, -- highest save it was pushed, 0 for none
  hash    BLOB    NOT NULL, -- of that save
  since   INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE invitations (
  id          TEXT    PRIMARY KEY,
  handle      TEXT    NOT NULL, -- finds it by the typed code
  code_hash   BLOB    NOT NULL,
  secret_hash BLOB    NOT NULL,
  officer     TEXT    NOT NULL,
  areas       TEXT    NOT NULL, -- space separated
  created     INTEGER NOT NULL,
  expires     INTEGER NOT NULL,
  tries       INTEGER NOT NULL, -- wrong codes so far
  used_by     TEXT    NOT NULL  -- device, empty while unused
);
CREATE INDEX invitations_handle ON invitations (handle);

-- Pushed records that are not in the store, as they came.
CREATE TABLE inbox (
  id         TEXT    PRIMARY KEY,
  device     TEXT    NOT NULL,
  actor      BLOB    NOT NULL,
  record     BLOB    NOT NULL, -- zeros if unreadable
  area       TEXT    NOT NULL,
  reason     TEXT    NOT NULL,
  detail     TEXT    NOT NULL,
  hash       BLOB    NOT NULL, -- of raw
  raw        BLOB    NOT NULL,
  received   INTEGER NOT NULL,
  status     TEXT    NOT NULL, -- open, accepted, rejected
  decided_by TEXT    NOT NULL,
  decided    INTEGER NOT NULL,
  why        TEXT    NOT NULL
);
CREATE INDEX inbox_device ON inbox (device, record);
CREATE INDEX inbox_status ON inbox (status, received);

CREATE TABLE users (
  name          TEXT PRIMARY KEY,
  password_hash BLOB NOT NULL,
  role          TEXT NOT NULL
);
