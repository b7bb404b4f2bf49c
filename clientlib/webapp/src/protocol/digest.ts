import type { AreaCode } from "./area.js";
import { NoHash, type Hash, type RecordID } from "./ids.js";

/** How many leaves one area has. */
export const Buckets = 16;

/** The leaf of its area that a record belongs to: the low four bits of the last byte of its id. */
export function bucket(id: RecordID): number {
  return parseInt(id.slice(-1), 16);
}

/**
 * The sum of item hashes modulo 2^128 and how many there are. Two stores with
 * equal digests hold the same states; a change costs one subtraction and one
 * addition, whatever the size of the store.
 */
export interface Digest {
  readonly count: number;
  readonly sum: Hash;
}

export const NoDigest: Digest = { count: 0, sum: NoHash };

/** d with the item h. */
export function addItem(d: Digest, h: Hash): Digest {
  return { count: d.count + 1, sum: sumOf(number(d.sum) + number(h)) };
}

/** d without the item h, which must be in it. */
export function removeItem(d: Digest, h: Hash): Digest {
  return { count: d.count - 1, sum: sumOf(number(d.sum) - number(h)) };
}

/** The digest of both sets together. */
export function plus(d: Digest, e: Digest): Digest {
  return { count: d.count + e.count, sum: sumOf(number(d.sum) + number(e.sum)) };
}

export function sameDigest(d: Digest, e: Digest): boolean {
  return d.count === e.count && d.sum === e.sum;
}

function number(h: Hash): bigint {
  return BigInt(`0x${h}`);
}

function sumOf(n: bigint): Hash {
  return BigInt.asUintN(128, n).toString(16).padStart(32, "0") as Hash;
}

/** The digest of one bucket of one area. */
export interface Leaf {
  readonly area: AreaCode;
  readonly bucket: number;
  readonly digest: Digest;
}
