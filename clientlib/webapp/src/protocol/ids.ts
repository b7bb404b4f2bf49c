import { sha1 } from "@noble/hashes/legacy.js";
import type { AreaCode } from "./area.js";
import { fromHex, toHex, toUTF8 } from "./bytes.js";

// Ids are text here and bytes on the wire. Text can be compared, be a key and
// be read by people, and orders as the bytes do: the digits are lower case.

declare const kind: unique symbol;

/** 32 hexadecimal digits: one life of one store. A store that was restored or copied takes a new one. */
export type ActorID = string & { readonly [kind]: "actor" };

/** A UUID in its usual form: version 7, or version 5 where the thing has a natural key. */
export type RecordID = string & { readonly [kind]: "record" };

/** 32 hexadecimal digits: one life of an office's store. */
export type Epoch = string & { readonly [kind]: "epoch" };

/** 32 hexadecimal digits: the item hash of a record, or a sum of them. */
export type Hash = string & { readonly [kind]: "hash" };

/** 16 hexadecimal digits: tells one save from another, or one set of answers. */
export type Hash8 = string & { readonly [kind]: "hash8" };

/** 64 hexadecimal digits: the SHA-256 of a definition's body. */
export type DefinitionHash = string & { readonly [kind]: "definition" };

// The zero ids mean "none".
export const NoActor = "0".repeat(32) as ActorID;
export const NoRecord = "00000000-0000-0000-0000-000000000000" as RecordID;
export const NoEpoch = "0".repeat(32) as Epoch;
export const NoHash = "0".repeat(32) as Hash;
export const NoHash8 = "0".repeat(16) as Hash8;
export const NoDefinition = "0".repeat(64) as DefinitionHash;

/** Reads 32 hexadecimal digits of either case; undefined if s is anything else. */
export function parseActorID(s: string): ActorID | undefined {
  return s.length === 32 && fromHex(s) ? (s.toLowerCase() as ActorID) : undefined;
}

/** Reads a UUID of either case; undefined if s is anything else. */
export function parseRecordID(s: string): RecordID | undefined {
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
  return form.test(s.toLowerCase()) ? (s.toLowerCase() as RecordID) : undefined;
}

/** The id of 16 bytes. */
export function recordIDOf(b: Uint8Array): RecordID {
  const h = toHex(b);
  return [h.slice(0, 8), h.slice(8, 12), h.slice(12, 16), h.slice(16, 20), h.slice(20, 32)].join("-") as RecordID;
}

/** The 16 bytes of id. */
export function recordIDBytes(id: RecordID): Uint8Array {
  return idBytes(id.replaceAll("-", ""));
}

/** The bytes of an id that is hexadecimal digits. */
export function idBytes(id: string): Uint8Array {
  const b = fromHex(id);
  if (!b) throw new RangeError(`${JSON.stringify(id.slice(0, 80))} is no id`);
  return b;
}

/**
 * Builds a UUIDv7 (RFC 9562, 5.7) from a time in ms since 1970 and ten random
 * bytes. Times before 1970 count as 1970, so that a broken clock gives an id.
 */
export function newRecordID(unixMilli: number, random: Uint8Array): RecordID {
  if (random.length !== 10) throw new RangeError("want ten random bytes");
  const id = new Uint8Array(16);
  const ms = Math.max(Math.trunc(unixMilli), 0);
  for (let i = 0; i < 6; i++) id[i] = Math.floor(ms / 256 ** (5 - i)) % 256;
  id.set(random, 6);
  id[6] = (id[6]! & 0x0f) | 0x70;
  id[8] = (id[8]! & 0x3f) | 0x80;
  return recordIDOf(id);
}

/** The id of the `_village` record of one village in one round: everybody means the same record. */
export function villageID(round: RecordID, code: AreaCode): RecordID {
  return uuid5(round, `village:${code}`);
}

/** The id of the record by which an earlier one goes on in a later round. */
export function carriedID(round: RecordID, from: RecordID): RecordID {
  return uuid5(round, `carried:${from}`);
}

function uuid5(namespace: RecordID, name: string): RecordID {
  const id = sha1.create().update(recordIDBytes(namespace)).update(toUTF8(name)).digest().slice(0, 16);
  id[6] = (id[6]! & 0x0f) | 0x50;
  id[8] = (id[8]! & 0x3f) | 0x80;
  return recordIDOf(id);
}
