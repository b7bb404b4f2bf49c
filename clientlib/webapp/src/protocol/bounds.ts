/** The number in hello. An office speaks one version. */
export const ProtocolVersion = 1;

// Bounds on everything that comes from outside, as in PROTOCOL.md, section 19.
// A record or message that breaks one is refused.

export const MaxMessageBytes = 4 << 20; // of one message after decompression
export const MaxRecordBytes = 512 << 10; // of one encoded record
export const MaxValueBytes = 128 << 10; // of one encoded answer
export const MaxValueDepth = 8; // lists and maps inside one answer
export const MaxNameBytes = 64; // of a record type, group or question name
export const MaxContextBytes = 8 << 10; // of one encoded save context
export const MaxContextKeys = 256; // in one save context
export const MaxClock = 2 ** 52; // ms either way; a wall time or offset beyond it is no time
export const MaxActors = 8192; // in one record's vector
export const MaxOps = 8192; // live saves in one record
export const MaxGroups = 2048; // in one record
export const MaxGroupValues = 1024; // concurrent values in one group
export const MaxChunkRecords = 500; // in one push, and in one pull answer
export const MinChunkRecords = 1;
export const FirstChunkRecords = 50;
export const ChunkBytes = 1 << 20; // of records, after which a push or an answer takes no further one
export const MaxCursors = 500; // in one pull, and areas in one digest
export const MaxNeedLeaves = 8000; // in one need
export const MaxNeedItems = 20000; // in one need, all leaves together
export const MaxLabelBytes = 200; // of a device's, officer's, program's or village's name
export const MaxDefinitions = 2000; // published at one office
export const MaxDefinitionBytes = 2 << 20; // of one form or indicator set
export const MaxExactInteger = Number.MAX_SAFE_INTEGER; // a larger whole number must travel as text

export const MaxMessageDepth = 8; // lists and maps inside one message, itself included
export const MaxMessageItems = 1 << 17; // in one list of a message
export const MaxMessageKeys = 64; // in one map of a message

/** Milliseconds of a full chunk above which a device stops doubling it. */
export const SlowRoundTrip = 5000;
