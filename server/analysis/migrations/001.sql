-- Derived tables of one office: all of it can be dropped and rebuilt from the
-- office's records. No column is a time but reach.at, which is not compared.
-- Ids are 16 bytes; a round of zeros means that the record belongs to none.
-- Portable to PostgreSQL but for the column types: no triggers, no sequences.

CREATE TABLE meta (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  office   BLOB    NOT NULL, -- keyed hash of the office's epoch: after a restore everything begins anew
  revision INTEGER NOT NULL  -- of the office's rounds and definitions, as far as they are worked in
);

-- How far each feed has been read.
CREATE TABLE cursors (
  feed TEXT    PRIMARY KEY,
  seq  INTEGER NOT NULL
) WITHOUT ROWID;

-- The same added up for every area, so that a summary reads one row.
CREATE TABLE reach (
  area TEXT    PRIMARY KEY, -- '' for the whole office
  seq  INTEGER NOT NULL,    -- sum of the cursors of the feeds in it
  at   INTEGER NOT NULL     -- when one of them moved last, ms since 1970, office clock
) WITHOUT ROWID;

-- The rounds that records may belong to, as they are worked in.
CREATE TABLE rounds (
  id       BLOB PRIMARY KEY,
  judging  BLOB NOT NULL, -- hash of form, set and reference date; zeros while they are not here
  assigned BLOB NOT NULL, -- hash of what decides which records belong to it
  areas    TEXT NOT NULL  -- space separated
) WITHOUT ROWID;

-- The record types that some form has.
CREATE TABLE types (
  type   TEXT PRIMARY KEY,
  parent TEXT NOT NULL -- the type of the record above, or empty
) WITHOUT ROWID;

-- Every record, without its answers: where it stands.
CREATE TABLE items (
  id       BLOB    PRIMARY KEY,
  type     TEXT    NOT NULL, -- empty if its bytes are damaged
  area     TEXT    NOT NULL,
  parent   BLOB,             -- as the record says, or null
  named    BLOB,             -- the round that it names, or null
  merged   BLOB,             -- the record that stands for it, or null
  alive    INTEGER NOT NULL, -- 0 if deleted
  form     TEXT    NOT NULL, -- of its latest save, or empty
  stand    BLOB,             -- the record that counts for it after following merges, or null: itself
  over     BLOB,             -- its parent after following merges, or null; it may be missing
  lost     INTEGER NOT NULL, -- bits: merges go too far from 1: its parent, 2: itself
  round    BLOB    NOT NULL, -- that it belongs to
  attached INTEGER NOT NULL, -- 1: alive, unmerged, and so is everything above
  holds    INTEGER NOT NULL, -- bits: which tables below have rows of it
  todo     INTEGER NOT NULL  -- 1: what follows from it is to be worked out again
);
CREATE INDEX items_over ON items (over, id) WHERE over IS NOT NULL;
CREATE INDEX items_stand ON items (stand) WHERE stand IS NOT NULL;
CREATE INDEX items_lost ON items (id) WHERE lost > 0;
CREATE INDEX items_round ON items (round);
CREATE INDEX items_named ON items (named) WHERE named IS NOT NULL;
CREATE INDEX items_area ON items (area, id);
CREATE INDEX items_todo ON items (id) WHERE todo = 1;

-- What an indicator set says of each household or village.
CREATE TABLE results (
  round           BLOB    NOT NULL,
  area            TEXT    NOT NULL,
  id              BLOB    NOT NULL,
  state           TEXT    NOT NULL, -- survey.State; empty without a round
  complete        INTEGER NOT NULL, -- 1: nothing missing, nothing wrong
  persons         INTEGER NOT NULL, -- records below
  problems        INTEGER NOT NULL, -- answers that look wrong, here and below
  level           INTEGER NOT NULL, -- of the set's levels, 0 for none
  pass_bits       INTEGER NOT NULL, -- bit no-1: the indicator's verdict
  fail_bits       INTEGER NOT NULL,
  na_bits         INTEGER NOT NULL,
  unanswered_bits INTEGER NOT NULL,
  tallies         BLOB    NOT NULL, -- applicable and failing, where they are not 1 and as the verdict says
  PRIMARY KEY (round, area, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX results_id ON results (id);

-- Indicators added up, for every village and all areas above it.
CREATE TABLE sums (
  round      BLOB    NOT NULL,
  area       TEXT    NOT NULL, -- '' for the whole office
  live       INTEGER NOT NULL, -- 0: what counts. 1: a certified village as its answers are now
  no         INTEGER NOT NULL, -- of the indicator
  applicable INTEGER NOT NULL, -- in the indicator's unit
  failed     INTEGER NOT NULL,
  pass       INTEGER NOT NULL, -- households by verdict
  fail       INTEGER NOT NULL,
  na         INTEGER NOT NULL,
  unanswered INTEGER NOT NULL,
  PRIMARY KEY (round, area, live, no)
) WITHOUT ROWID;

-- How far the work is, for the same areas.
CREATE TABLE progress (
  round       BLOB    NOT NULL,
  area        TEXT    NOT NULL,
  live        INTEGER NOT NULL, -- as in sums
  total       INTEGER NOT NULL, -- households
  complete    INTEGER NOT NULL,
  persons     INTEGER NOT NULL,
  not_started INTEGER NOT NULL, -- households by state
  in_progress INTEGER NOT NULL,
  ready       INTEGER NOT NULL,
  submitted   INTEGER NOT NULL,
  returned    INTEGER NOT NULL,
  approved    INTEGER NOT NULL,
  certified   INTEGER NOT NULL, -- villages
  open        INTEGER NOT NULL, -- villages that have households and are not certified
  loose       INTEGER NOT NULL, -- households whose code is not that of a village
  PRIMARY KEY (round, area, live)
) WITHOUT ROWID;

-- How many reached each level of the set.
CREATE TABLE levels (
  round BLOB    NOT NULL,
  area  TEXT    NOT NULL,
  live  INTEGER NOT NULL,
  level INTEGER NOT NULL,
  n     INTEGER NOT NULL,
  PRIMARY KEY (round, area, live, level)
) WITHOUT ROWID;

-- Certified villages with their frozen numbers, which count in their place.
CREATE TABLE villages (
  round   BLOB NOT NULL,
  area    TEXT NOT NULL,
  id      BLOB NOT NULL, -- of the village's record
  numbers TEXT NOT NULL, -- JSON, see Numbers
  PRIMARY KEY (round, area)
) WITHOUT ROWID;
CREATE UNIQUE INDEX villages_id ON villages (id);

-- What people and houses are recognised by, as keyed hashes.
CREATE TABLE keys (
  round BLOB NOT NULL,
  kind  TEXT NOT NULL, -- the questions, joined by "+"; "name" for name, birth date and village
  key   BLOB NOT NULL, -- HMAC-SHA256 with the office's pepper, cut to 16 bytes
  id    BLOB NOT NULL,
  area  TEXT NOT NULL,
  PRIMARY KEY (round, kind, key, id)
) WITHOUT ROWID;
CREATE INDEX keys_id ON keys (id);

-- Keys that several records have.
CREATE TABLE duplicates (
  id    TEXT    PRIMARY KEY, -- UUIDv5 of kind, round and key
  round BLOB    NOT NULL,
  kind  TEXT    NOT NULL,
  key   BLOB    NOT NULL,
  n     INTEGER NOT NULL -- records, at most 1000 are counted
) WITHOUT ROWID;

-- Records whose parent is not there.
CREATE TABLE orphans (
  id     BLOB PRIMARY KEY,
  area   TEXT NOT NULL,
  type   TEXT NOT NULL,
  parent BLOB NOT NULL, -- zeros if it names none
  why    TEXT NOT NULL  -- no_parent, missing, deleted, wrong_type, merged_too_often
) WITHOUT ROWID;
CREATE INDEX orphans_area ON orphans (area, id);

-- What somebody should look at.
CREATE TABLE flags (
  area     TEXT NOT NULL, -- of the record
  record   BLOB NOT NULL,
  code     TEXT NOT NULL, -- a code of survey.Problem, or one of the package's own
  question TEXT NOT NULL, -- or the number of an indicator, or empty
  head     BLOB NOT NULL, -- the household under which it was found
  round    BLOB NOT NULL,
  PRIMARY KEY (area, record, code, question, head)
) WITHOUT ROWID;
CREATE INDEX flags_head ON flags (head);
