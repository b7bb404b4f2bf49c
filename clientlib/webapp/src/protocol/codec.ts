import { sha256 } from "@noble/hashes/sha2.js";
import { compareBytes, compareKeys, toHex } from "./bytes.js";
import {
  MaxActors,
  MaxClock,
  MaxContextBytes,
  MaxContextKeys,
  MaxExactInteger,
  MaxGroups,
  MaxGroupValues,
  MaxNameBytes,
  MaxOps,
  MaxRecordBytes,
  MaxValueDepth,
} from "./bounds.js";
import { MajorArray, MajorMap, Reader, Refused, Writer } from "./cbor.js";
import { compareDots, dotKey, type Dot } from "./dot.js";
import { idBytes, recordIDBytes, recordIDOf, type ActorID, type Hash, type Hash8 } from "./ids.js";
import type { Context, Entry, Op, Record } from "./record.js";
import { newValue, textValue, type Value } from "./value.js";
import type { Vector } from "./vector.js";

// The bytes of a record: PROTOCOL.md, section 4.

const recordLayout = 1;

/** Writes the record canonically: equal states are equal bytes. */
export function encodeRecord(r: Record): Uint8Array {
  const w = new Writer().head(MajorArray, 8).uint(recordLayout).bytes(recordIDBytes(r.id)).text(r.type);
  w.head(MajorArray, r.vv.length);
  for (const d of r.vv) w.bytes(idBytes(d.actor));
  w.head(MajorArray, r.vv.length);
  for (const d of r.vv) w.uint(d.counter);
  writeOps(w, r);
  writeGroups(w, r);
  return w.done();
}

function writeOps(w: Writer, r: Record): void {
  const actors = new Map(r.vv.map((d, i) => [d.actor, i]));
  const { table, index } = contextTable(r.ops);
  w.head(MajorArray, table.length);
  for (const c of table) w.raw(c);
  w.head(MajorArray, r.ops.length);
  r.ops.forEach((op, i) => {
    const actor = actors.get(op.dot.actor);
    if (actor === undefined) throw new RangeError(`save ${dotKey(op.dot)} is above the vector`);
    w.head(MajorArray, 5).uint(actor).uint(op.dot.counter).int(op.wall).uint(index[i]!).bytes(idBytes(op.hash));
  });
}

function writeGroups(w: Writer, r: Record): void {
  const ops = new Map(r.ops.map((op, i) => [dotKey(op.dot), i]));
  w.head(MajorMap, r.groups.size);
  for (const name of [...r.groups.keys()].sort(compareKeys)) {
    const entries = r.groups.get(name)!;
    w.text(name).head(MajorArray, entries.length);
    for (const e of entries) {
      const op = ops.get(dotKey(e.dot));
      if (op === undefined) throw new RangeError(`an answer of save ${dotKey(e.dot)}, which the record does not hold`);
      w.head(MajorArray, 2).uint(op).raw(e.value);
    }
  }
}

/** The distinct contexts of ops, encoded and sorted, and the place of each op's context among them. */
function contextTable(ops: readonly Op[]): { table: Uint8Array[]; index: number[] } {
  const encoded = new Map<string, Uint8Array>();
  const seen = new Map<Context, string>(); // ops of one record share their contexts
  const keys = ops.map(({ context }) => {
    let key = seen.get(context);
    if (key === undefined) {
      const w = new Writer();
      writeContext(w, context);
      const b = w.done();
      key = toHex(b);
      seen.set(context, key);
      encoded.set(key, b);
    }
    return key;
  });
  const sorted = [...encoded].sort((a, b) => compareBytes(a[1], b[1]));
  const place = new Map(sorted.map(([key], i) => [key, i]));
  return { table: sorted.map(([, b]) => b), index: keys.map((key) => place.get(key)!) };
}

export function writeContext(w: Writer, c: Context): void {
  const m = new Map<string, Value>(c.extra);
  const texts: [string, string][] = [["u", c.user], ["f", c.form], ["a", c.app], ["r", c.reason]];
  for (const [k, s] of texts) if (s !== "") m.set(k, textValue(s));
  if (c.offset !== 0) m.set("o", newValue(c.offset));
  w.head(MajorMap, m.size);
  for (const k of [...m.keys()].sort(compareKeys)) w.text(k).raw(m.get(k)!);
}

/** The item hash of a record's canonical bytes, the unit of every digest: the first 16 bytes of SHA-256. */
export function hashRecord(b: Uint8Array): Hash {
  return toHex(sha256(b).subarray(0, 16)) as Hash;
}

/**
 * Reads a record and throws Refused at whatever encodeRecord would have written
 * differently, so that equal states have equal bytes and the bytes can be
 * stored as they came.
 */
export function decodeRecord(b: Uint8Array): Record {
  if (b.length > MaxRecordBytes) throw new Refused(`record of ${b.length} bytes is over the limit of ${MaxRecordBytes}`, 0);
  const d = new Reader(b);
  if (d.array(8) !== 8) d.fail("want an array of 8");
  const layout = d.uint("layout", 2 ** 32);
  if (layout !== recordLayout) d.fail(`layout ${layout} is not known here`);
  const id = d.bytes("record id", 16);
  if (id.every((c) => c === 0)) d.fail("record id is zero");
  const type = checkName(d, "record type", d.text("record type", MaxNameBytes));
  const vv = readVector(d);
  const contexts = readContexts(d);
  const ops = readOps(d, vv, contexts);
  const groups = readGroups(d, ops);
  if (d.off !== b.length) d.fail("bytes after the record");
  return { id: recordIDOf(id), type, vv, ops, groups };
}

function checkName(d: Reader, what: string, name: string): string {
  if (name === "") d.fail(`${what} is empty`);
  if (/\p{Control}/u.test(name)) d.fail(`${what} ${JSON.stringify(name)} has a control character`);
  return name;
}

function readVector(d: Reader): Vector {
  const n = d.array(MaxActors);
  const actors: ActorID[] = [];
  let before = new Uint8Array(16);
  for (let i = 0; i < n; i++) {
    const actor = d.bytes("actor", 16);
    if (compareBytes(before, actor) >= 0) d.fail(`actor ${i} is zero, doubled or out of order`); // the first comes after zeroes
    before = actor as typeof before;
    actors.push(toHex(actor) as ActorID);
  }
  const m = d.array(MaxActors);
  if (m !== n) d.fail(`${n} actors but ${m} counters`);
  return actors.map((actor, i): Dot => {
    const counter = d.uint("counter", MaxExactInteger);
    if (counter === 0) d.fail(`counter of actor ${i} is zero`);
    return { actor, counter };
  });
}

function readContexts(d: Reader): Context[] {
  const n = d.array(MaxOps);
  const contexts: Context[] = [];
  let before: Uint8Array | undefined;
  for (let i = 0; i < n; i++) {
    const start = d.off;
    contexts.push(readContext(d));
    const raw = d.buf.subarray(start, d.off);
    if (raw.length > MaxContextBytes) d.fail(`context ${i} of ${raw.length} bytes is over the limit of ${MaxContextBytes}`);
    if (before && compareBytes(before, raw) >= 0) d.fail(`context ${i} is doubled or out of order`);
    before = raw;
  }
  return contexts;
}

function readContext(d: Reader): Context {
  const c = { user: "", form: "", app: "", offset: 0, reason: "", extra: new Map<string, Value>() };
  let k: string | undefined;
  for (let n = d.mapLength(MaxContextKeys); n > 0; n--) {
    k = d.key("context key", k);
    switch (k) {
      case "u":
        c.user = filledText(d, k);
        break;
      case "f":
        c.form = filledText(d, k);
        break;
      case "a":
        c.app = filledText(d, k);
        break;
      case "r":
        c.reason = filledText(d, k);
        break;
      case "o":
        c.offset = clock(d, "offset");
        if (c.offset === 0) d.fail("offset 0 is left out");
        break;
      default:
        c.extra.set(k, d.value(MaxValueDepth));
    }
  }
  return c;
}

/** Reads a text that is left out when it is empty. */
function filledText(d: Reader, what: string): string {
  const s = d.text(what, MaxContextBytes);
  return s === "" ? d.fail(`empty "${what}" is left out`) : s;
}

function clock(d: Reader, what: string): number {
  const n = d.int(what);
  return n > MaxClock || n < -MaxClock ? d.fail(`${what} ${n} is no time`) : n;
}

function readOps(d: Reader, vv: Vector, contexts: readonly Context[]): Op[] {
  const n = d.array(MaxOps);
  const ops: Op[] = [];
  const unused = new Set(contexts.keys());
  for (let i = 0; i < n; i++) {
    if (d.array(5) !== 5) d.fail(`save ${i}: want an array of 5`);
    const actor = vv[d.uint("actor index", MaxActors)];
    const counter = d.uint("counter", MaxExactInteger);
    const wall = clock(d, "wall time");
    const index = d.uint("context index", MaxOps);
    const hash = toHex(d.bytes("save hash", 8)) as Hash8;
    const context = contexts[index];
    if (!actor || !context) return d.fail(`save ${i} names an actor or context that is not in the tables`);
    unused.delete(index);
    if (counter === 0 || counter > actor.counter) d.fail(`save ${i}: save is above the version vector`);
    const dot: Dot = { actor: actor.actor, counter };
    if (i > 0 && compareDots(ops[i - 1]!.dot, dot) >= 0) d.fail(`save ${i} is doubled or out of order`);
    ops.push({ dot, wall, hash, context });
  }
  if (unused.size > 0) d.fail("a context that no save uses");
  return ops;
}

function readGroups(d: Reader, ops: readonly Op[]): ReadonlyMap<string, readonly Entry[]> {
  const groups = new Map<string, readonly Entry[]>();
  const unused = new Set(ops.keys());
  let name: string | undefined;
  for (let n = d.mapLength(MaxGroups); n > 0; n--) {
    name = checkName(d, "group", d.key("group", name));
    groups.set(name, readEntries(d, name, ops, unused));
  }
  if (unused.size > 0) d.fail("a save without a live answer");
  return groups;
}

function readEntries(d: Reader, group: string, ops: readonly Op[], unused: Set<number>): Entry[] {
  const n = d.array(MaxGroupValues);
  if (n === 0) d.fail(`group ${JSON.stringify(group)} is empty`);
  const entries: Entry[] = [];
  let last = -1;
  for (let i = 0; i < n; i++) {
    if (d.array(2) !== 2) d.fail(`group ${JSON.stringify(group)}: want arrays of 2`);
    const index = d.uint("save index", MaxOps);
    const value = d.value(MaxValueDepth);
    const op = ops[index];
    if (!op || index <= last) {
      return d.fail(`group ${JSON.stringify(group)} names a save that is not in the table, doubled or out of order`);
    }
    last = index;
    unused.delete(index);
    entries.push({ dot: op.dot, value });
  }
  return entries;
}
