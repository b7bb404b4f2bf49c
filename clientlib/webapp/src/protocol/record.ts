import { sha256 } from "@noble/hashes/sha2.js";
import type { AreaCode } from "./area.js";
import { compareBytes, compareKeys, compareText, equalBytes, toHex } from "./bytes.js";
import { MajorArray, MajorMap, Writer } from "./cbor.js";
import { writeContext } from "./codec.js";
import { compareDots, dotKey, sameDot, type Dot } from "./dot.js";
import { idBytes, recordIDBytes, type Hash8, type RecordID } from "./ids.js";
import { isFalse, isTrue, referenceOf, textOf, True, type Value } from "./value.js";
import { withCounter, type Vector } from "./vector.js";

// The reserved groups. No form may declare a name that begins with "_".
export const GroupLife = "_life"; // True: alive, False: deleted
export const GroupScope = "_scope"; // text: the area code that decides who may see it
export const GroupParent = "_parent"; // id: the household of a member
export const GroupMergedInto = "_merged_into"; // id: the record that stands for this duplicate
export const GroupRound = "_round"; // id: the round it belongs to; null: as its parent, or the only round of its area
export const GroupState = "_state"; // map: how far a person has brought it, see State; null: as its answers say
export const GroupFrom = "_from"; // id: the record of an earlier round that it was carried forward from
export const GroupCarried = "_carried"; // True: carried forward, and nobody has confirmed it yet

// The record types of the system itself. A form's type never begins with "_".
export const TypeRound = "_round"; // a survey round; the office writes it
export const TypeVillage = "_village"; // the sign-off of one village in one round; its id is villageID

/** What many saves of one sitting have in common. */
export interface Context {
  readonly user: string; // the person who typed, not the login
  readonly form: string; // name@version of the form that was filled in
  readonly app: string; // program and version
  readonly offset: number; // ms to add to the device's clock to get the office's, as last measured
  readonly reason: string; // why, where the person gave one
  readonly extra: ReadonlyMap<string, Value>; // keys that this program does not know: kept
}

export const NoContext: Context = { user: "", form: "", app: "", offset: 0, reason: "", extra: new Map() };

/**
 * What a dot means: one save. It travels inside every record in which one of
 * the save's answers is still alive.
 */
export interface Op {
  readonly dot: Dot;
  readonly wall: number; // the device's clock at the save, ms since 1970, within ±2^52
  readonly hash: Hash8; // saveHash of what was written
  readonly context: Context;
}

/**
 * One answer of a group with the save that wrote it. A group with several
 * entries was written by people who did not know of each other.
 */
export interface Entry {
  readonly dot: Dot;
  readonly value: Value;
}

/**
 * The state of one household, person or other thing surveyed. It is plain data
 * that can be posted to another thread; functions give new records and change
 * nothing that they share.
 */
export interface Record {
  readonly id: RecordID;
  readonly type: string;
  readonly vv: Vector; // every save that this state has seen
  readonly ops: readonly Op[]; // the saves with a live answer, sorted by dot
  readonly groups: ReadonlyMap<string, readonly Entry[]>; // the unit of merge → its live answers, sorted by dot
}

/** group → value: what one save writes. */
export type Changes = ReadonlyMap<string, Value>;

/** A record that nobody has saved yet. */
export function newRecord(id: RecordID, type: string): Record {
  return { id, type, vv: [], ops: [], groups: new Map() };
}

/**
 * Tells one save from another: the first 8 bytes of SHA-256 over the canonical
 * [record id, wall time, {group: value}]. Two copies of a store that count on
 * under one actor write different saves under one dot; this shows it.
 */
export function saveHash(id: RecordID, wall: number, changes: Changes): Hash8 {
  const w = new Writer().head(MajorArray, 3).bytes(recordIDBytes(id)).int(wall);
  w.head(MajorMap, changes.size);
  for (const name of [...changes.keys()].sort(compareKeys)) w.text(name).raw(changes.get(name)!);
  return hash8(w);
}

export function hash8(w: Writer): Hash8 {
  return toHex(sha256(w.done()).subarray(0, 8)) as Hash8;
}

/**
 * The record after a save wrote changes. The dot's counter must be above
 * everything the record has seen of that actor. Every save re-asserts that the
 * record is alive, unless it says otherwise itself.
 */
export function save(r: Record, by: Omit<Op, "hash">, changes: Changes): Record {
  const all = changes.has(GroupLife) ? changes : new Map(changes).set(GroupLife, True);
  const op: Op = { dot: by.dot, wall: by.wall, hash: saveHash(r.id, by.wall, all), context: by.context };
  const groups = new Map(r.groups);
  for (const [name, value] of all) groups.set(name, [{ dot: op.dot, value }]);
  return {
    id: r.id,
    type: r.type,
    vv: withCounter(r.vv, op.dot.actor, op.dot.counter),
    ops: liveOps(groups, r.ops, [op]),
    groups,
  };
}

/** The save's time in ms since 1970 by the office's clock, as well as the device could tell. */
export function at(op: Op): number {
  return op.wall + op.context.offset;
}

/** The save that d names, if one of its answers is alive. */
export function opOf(r: Record, d: Dot): Op | undefined {
  let low = 0;
  let high = r.ops.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (compareDots(r.ops[mid]!.dot, d) < 0) low = mid + 1;
    else high = mid;
  }
  const op = r.ops[low];
  return op && sameDot(op.dot, d) ? op : undefined;
}

/**
 * The group's answers, the one to display first. The order is the time of the
 * save, then its actor, then its counter: a function of the state alone, so
 * every replica shows the same. In `_life` an alive record goes before a
 * deleted one, whatever the clocks say.
 */
export function ranked(r: Record, group: string): readonly Entry[] {
  return [...(r.groups.get(group) ?? [])].sort((a, b) => {
    if (group === GroupLife && isTrue(a.value) !== isTrue(b.value)) return isTrue(a.value) ? -1 : 1;
    return -compareTime(r, a.dot, b.dot);
  });
}

function compareTime(r: Record, a: Dot, b: Dot): number {
  const opA = opOf(r, a);
  const opB = opOf(r, b);
  return (opA ? at(opA) : 0) - (opB ? at(opB) : 0) || compareDots(a, b);
}

/** The answer to display, undefined if the group was never written. */
export function winner(r: Record, group: string): Value | undefined {
  const entries = r.groups.get(group) ?? [];
  return (entries.length < 2 ? entries : ranked(r, group))[0]?.value;
}

/**
 * The group's different answers, the one to display first, each with its latest
 * save. More than one is a conflict for a person.
 */
export function distinct(r: Record, group: string): readonly Entry[] {
  const out: Entry[] = [];
  for (const e of ranked(r, group)) {
    if (!out.some((o) => equalBytes(o.value, e.value))) out.push(e);
  }
  return out;
}

/** The groups that hold different answers, sorted. */
export function conflicts(r: Record): readonly string[] {
  const names: string[] = [];
  for (const [name, entries] of r.groups) {
    if (entries.some((e) => !equalBytes(e.value, entries[0]!.value))) names.push(name);
  }
  return names.sort(compareText);
}

/** The save that wrote the newest answer of the record, by the order in which answers are displayed. */
export function lastSave(r: Record): Op | undefined {
  let last: Op | undefined;
  for (const op of r.ops) {
    if (!last || compareTime(r, op.dot, last.dot) > 0) last = op;
  }
  return last;
}

/** Reports whether the record is shown, that is not deleted. */
export function alive(r: Record): boolean {
  return !isFalse(winner(r, GroupLife));
}

/** The code that decides who may see the record; "" if it has none, which no office accepts. */
export function areaOf(r: Record): AreaCode {
  return textOf(winner(r, GroupScope)) ?? "";
}

// References to other records; NoRecord is none.

/** The household of a member. */
export const parentOf = (r: Record): RecordID => referenceOf(winner(r, GroupParent));

/** The record that stands for this duplicate. */
export const mergedIntoOf = (r: Record): RecordID => referenceOf(winner(r, GroupMergedInto));

/** The round that the record names itself; if none, it follows from its parent or area (PROTOCOL.md, section 2). */
export const roundOf = (r: Record): RecordID => referenceOf(winner(r, GroupRound));

/** The record of an earlier round that this one was carried forward from. */
export const fromOf = (r: Record): RecordID => referenceOf(winner(r, GroupFrom));

/** Reports whether the record was carried forward and nobody has confirmed it in its new round. */
export function carried(r: Record): boolean {
  return isTrue(winner(r, GroupCarried));
}

/**
 * The ops, each list sorted or not, that a group still names. Of two that
 * differ under one dot the larger is kept, so that the result does not depend
 * on which side is called first.
 */
export function liveOps(groups: ReadonlyMap<string, readonly Entry[]>, ...lists: (readonly Op[])[]): readonly Op[] {
  const live = new Set<string>();
  for (const entries of groups.values()) for (const e of entries) live.add(dotKey(e.dot));
  const out = lists.flat().filter((op) => live.has(dotKey(op.dot)));
  out.sort((a, b) => compareDots(a.dot, b.dot) || compareBytes(opKey(b), opKey(a)));
  return out.filter((op, i) => i === 0 || !sameDot(op.dot, out[i - 1]!.dot));
}

/** An order for two ops under one dot, which only copied stores write. */
function opKey(op: Op): Uint8Array {
  const w = new Writer().int(op.wall).raw(idBytes(op.hash));
  writeContext(w, op.context);
  return w.done();
}
