package syncproto

import "time"

// Bounds on everything that comes from outside. A message that breaks one is
// refused whole (`bad_message` or `too_large`); a record that breaks one gets
// the result `invalid` and its bytes are kept in the office's inbox.
const (
	// ProtocolVersion is the number in hello. An office speaks one version
	// and answers `protocol_unsupported` to another.
	ProtocolVersion = 1

	MaxMessageBytes    = 4 << 20   // of one message after decompression
	MaxRecordBytes     = 512 << 10 // of one encoded record
	MaxValueBytes      = 128 << 10 // of one encoded answer
	MaxValueDepth      = 8         // arrays and maps inside one answer
	MaxNameBytes       = 64        // of a record type, group or question name
	MaxContextBytes    = 8 << 10   // of one encoded save context
	MaxContextKeys     = 256       // in one save context
	MaxClock           = 1 << 52   // ms either way; a wall time or offset beyond it is no time
	MaxActors          = 8192      // in one record's vector
	MaxOps             = 8192      // live saves in one record
	MaxGroups          = 2048      // in one record
	MaxGroupValues     = 1024      // concurrent values in one group
	MaxChunkRecords    = 500       // in one push, and in one pull answer
	ChunkBytes         = 1 << 20   // of records, after which a push or an answer takes no further one
	MaxCursors         = 500       // in one pull, and areas in one digest
	MaxNeedLeaves      = 8000      // in one need: every leaf of MaxCursors areas
	MaxNeedItems       = 20000     // in one need, all leaves together
	MaxLabelBytes      = 200       // of a device's, officer's, program's or village's name in a message
	MaxDefinitions     = 2000      // forms and indicator sets published at one office
	MaxDefinitionBytes = 2 << 20   // of one form or indicator set
	MaxExactInteger    = 1<<53 - 1 // a larger whole number must travel as text
	MinChunkRecords    = 1
	FirstChunkRecords  = 50

	maxMessageDepth = 8       // arrays and maps inside one message, itself included
	maxMessageItems = 1 << 17 // in one array of a message

	// SlowRoundTrip is the time above which a client stops doubling its chunk.
	SlowRoundTrip = 5 * time.Second
)
