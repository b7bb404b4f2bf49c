-- The store of one device. Times are ms since 1970 by the device's own clock.

CREATE TABLE device (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  actor      BLOB    NOT NULL, -- of this store's saves; replaced when the store was copied or restored
  counter    INTEGER NOT NULL, -- the last save of that actor
  nonce      BLOB    NOT NULL, -- also in the file beside the store; see actor.go
  key        BLOB    NOT NULL, -- Ed25519 seed of the device
  device     TEXT    NOT NULL DEFAULT '', -- id given at enrollment
  office     TEXT    NOT NULL DEFAULT '', -- id of the office
  server     TEXT    NOT NULL DEFAULT '', -- its URL
  officer    TEXT    NOT NULL DEFAULT '',
  token      TEXT    NOT NULL DEFAULT '',
  token_from INTEGER NOT NULL DEFAULT 0,  -- when it was got
  token_till INTEGER NOT NULL DEFAULT 0,
  "offset"   INTEGER NOT NULL DEFAULT 0,  -- ms to add to get the office's clock
  epoch      BLOB    NOT NULL,            -- of the office, as of the last sync
  head       INTEGER NOT NULL DEFAULT 0,  -- our highest save that the office was pushed
  head_hash  BLOB    NOT NULL,
  decided    INTEGER NOT NULL DEFAULT 0,  -- see hello.decided
  healing    INTEGER NOT NULL DEFAULT 0,  -- 1: the office was restored, not yet compared
  regrant    INTEGER NOT NULL DEFAULT 0,  -- 1: the grants changed, not yet evicted
  evicted    INTEGER NOT NULL DEFAULT 0,  -- 1: under this actor records were evicted
  chunk      INTEGER NOT NULL DEFAULT 50, -- records in the next push or pull
  synced     INTEGER NOT NULL DEFAULT 0,  -- last complete sync
  checked    INTEGER NOT NULL DEFAULT 0   -- when all rows were last compared with their bytes
);

CREATE TABLE grants (area TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE records (
  id          BLOB    PRIMARY KEY,
  type        TEXT    NOT NULL,
  area        TEXT    NOT NULL,
  parent      BLOB    NOT NULL, -- zeros if none
  deleted     INTEGER NOT NULL,
  conflicts   INTEGER NOT NULL, -- groups with different answers
  hash        BLOB    NOT NULL, -- item hash of state
  acked       BLOB    NOT NULL, -- vector: what the office of this epoch is known to hold
  shared      BLOB    NOT NULL, -- vector: what any office ever held; never shrinks
  dirty       INTEGER NOT NULL, -- 1: state has saves that acked does not cover
  server_hash BLOB,             -- item hash of the office's state as last seen
  server_area TEXT,             -- and its area; both null if the office has none in our scope
  held        TEXT    NOT NULL DEFAULT '', -- why the office did not take it: a result code
  held_hash   BLOB    NOT NULL DEFAULT x'', -- of the state it did not take
  held_detail TEXT    NOT NULL DEFAULT '',
  updated     INTEGER NOT NULL, -- last change here
  state       BLOB    NOT NULL  -- canonical CBOR
);
CREATE INDEX records_dirty ON records (id) WHERE dirty = 1;
CREATE INDEX records_homeless ON records (id) WHERE dirty = 0 AND server_area IS NULL;
CREATE INDEX records_conflicts ON records (id) WHERE conflicts > 0;
CREATE INDEX records_area ON records (area, id);
CREATE INDEX records_server_area ON records (server_area, id);
CREATE INDEX records_parent ON records (parent, id);

-- Our own saves, to tell our head at the office from that of a copy of us.
CREATE TABLE saves (
  actor   BLOB    NOT NULL,
  counter INTEGER NOT NULL,
  hash    BLOB    NOT NULL,
  PRIMARY KEY (actor, counter)
) WITHOUT ROWID;

CREATE TABLE cursors (
  area  TEXT    PRIMARY KEY,
  seq   INTEGER NOT NULL,
  level INTEGER NOT NULL -- 1 once it was level
) WITHOUT ROWID;

-- Records whose bytes were found damaged here before the office held them.
CREATE TABLE damaged (
  id    BLOB    PRIMARY KEY,
  found INTEGER NOT NULL,
  hash  BLOB    NOT NULL, -- as it should have been
  state BLOB    NOT NULL
);

-- Sums of server_hash by server_area, to compare with the office's.
CREATE TABLE leaves (
  area   TEXT    NOT NULL,
  bucket INTEGER NOT NULL,
  count  INTEGER NOT NULL,
  sum    BLOB    NOT NULL,
  PRIMARY KEY (area, bucket)
) WITHOUT ROWID;
