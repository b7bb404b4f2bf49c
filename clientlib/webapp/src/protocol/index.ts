// The agreement between devices and offices, as syncproto/PROTOCOL.md says it:
// what a record is, how two states of it merge, how it is written as bytes, and
// which messages carry it. The vectors in testdata/protocol and a comparison
// with random cases hold it together with the Go package syncproto.
//
// It is pure: no I/O, no clock, no random numbers, nothing of Node or of a
// page. Everything is plain readonly data and functions that change nothing, so
// that it can be posted between threads; only readers and writers of bytes are
// classes. What comes from outside and is not right throws Refused; what a
// program itself does wrong throws RangeError.
//
// A newcomer reads vector.ts (who has seen what), record.ts (the state of one
// household or person), merge.ts (the only rule) and codec.ts (the bytes).
export * from "./area.js";
export * from "./bounds.js";
export { compareBytes, compareKeys, compareText, equalBytes, fromHex, isText, toHex } from "./bytes.js";
export { Refused, type Any } from "./cbor.js";
export * from "./check.js";
export { decodeRecord, encodeRecord, hashRecord } from "./codec.js";
export * from "./codes.js";
export * from "./digest.js";
export * from "./dot.js";
export * from "./ids.js";
export * from "./merge.js";
export * from "./messages.js";
export * from "./record.js";
export * from "./state.js";
export * from "./value.js";
export * from "./vector.js";
export { decodeMessage, encodeMessage, type Codec } from "./wire.js";
