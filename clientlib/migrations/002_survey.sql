-- What the office gives a device beside records, see PROTOCOL.md, section 12.

ALTER TABLE device ADD COLUMN definitions BLOB NOT NULL DEFAULT x'';        -- hash of the answer that the tables below hold
ALTER TABLE device ADD COLUMN definitions_error TEXT NOT NULL DEFAULT '';   -- why they are not all that the office has
ALTER TABLE device ADD COLUMN given INTEGER NOT NULL DEFAULT 0;             -- how often the tables below changed

-- Forms and indicator sets beside those that are built into the program.
CREATE TABLE definitions (
  hash  BLOB PRIMARY KEY, -- SHA-256 of body
  kind  TEXT NOT NULL,
  ref   TEXT NOT NULL,    -- name@version
  body  BLOB NOT NULL,    -- canonical JSON
  error TEXT NOT NULL     -- why this program could not read it, or empty
);

-- Rounds that concern this device, also those of a wider area, which no feed
-- brings. Only for reading.
CREATE TABLE rounds_above (
  id    BLOB PRIMARY KEY,
  state BLOB NOT NULL     -- canonical CBOR
);

CREATE TABLE villages (
  code      TEXT PRIMARY KEY,
  name_th   TEXT NOT NULL,
  name_en   TEXT NOT NULL,
  local_gov TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX records_round ON records (id) WHERE type = '_round';
