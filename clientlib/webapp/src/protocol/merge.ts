import { compareBytes, compareText } from "./bytes.js";
import { compareDots, dotKey, sameDot, type Dot } from "./dot.js";
import type { ActorID } from "./ids.js";
import { liveOps, type Entry, type Record } from "./record.js";
import { counterOf, covers, joinVectors, withCounter, type Vector } from "./vector.js";

/**
 * Joins two states of one record. For each group an answer stays if both sides
 * hold it, or if one side holds it and the other has not seen its save; what
 * one side has seen and no longer holds was replaced there by somebody who knew
 * it. The vectors are joined last, so that the kept record has seen both sides'
 * saves even where one side lost. No clock and no order of arrival takes part,
 * so replicas that have seen the same saves are equal, whatever path the saves
 * took.
 */
export function merge(a: Record, b: Record): Record {
  const groups = new Map<string, readonly Entry[]>();
  for (const name of new Set([...a.groups.keys(), ...b.groups.keys()])) {
    const kept = mergeGroup(a.groups.get(name) ?? [], b.groups.get(name) ?? [], a.vv, b.vv);
    if (kept.length > 0) groups.set(name, kept);
  }
  return {
    id: a.id,
    type: compareText(b.type, a.type) > 0 ? b.type : a.type, // one id under two types: never by our devices, but both sides must agree
    vv: joinVectors(a.vv, b.vv),
    ops: liveOps(groups, a.ops, b.ops),
    groups,
  };
}

function mergeGroup(a: readonly Entry[], b: readonly Entry[], seenByA: Vector, seenByB: Vector): Entry[] {
  const out: Entry[] = [];
  let i = 0;
  let k = 0;
  while (i < a.length || k < b.length) {
    const x = a[i];
    const y = b[k];
    const c = !x ? 1 : !y ? -1 : compareDots(x.dot, y.dot);
    if (c < 0) {
      if (!covers(seenByB, x!.dot)) out.push(x!);
      i++;
    } else if (c > 0) {
      if (!covers(seenByA, y!.dot)) out.push(y!);
      k++;
    } else {
      out.push(compareBytes(y!.value, x!.value) > 0 ? y! : x!); // they differ in copied stores only: see redot
      i++;
      k++;
    }
  }
  return out;
}

/**
 * Moves the saves that actor from made after counter `after` to actor to: each
 * of them, in order of counter, gets the counter that next gives. What the
 * record had seen of from falls back to after. It is how a copied or restored
 * store keeps what it wrote under an actor that is no longer its own. A record
 * without such saves comes back as it is. A record that already holds a save
 * under its new name, because it met what became of it elsewhere, holds it once.
 */
export function redot(r: Record, from: ActorID, after: number, to: ActorID, next: (old: number) => number): Record {
  if (counterOf(r.vv, from) <= after) return r;
  const moved = new Map<string, Dot>();
  let top = counterOf(r.vv, to);
  const ops = r.ops.map((op) => {
    if (op.dot.actor !== from || op.dot.counter <= after) return op;
    const dot: Dot = { actor: to, counter: next(op.dot.counter) };
    moved.set(dotKey(op.dot), dot);
    top = Math.max(top, dot.counter);
    return { ...op, dot };
  });
  const groups = new Map<string, readonly Entry[]>();
  for (const [name, entries] of r.groups) groups.set(name, moveEntries(entries, moved));
  return {
    id: r.id,
    type: r.type,
    vv: withCounter(withCounter(r.vv, from, after), to, top),
    ops: liveOps(groups, ops),
    groups,
  };
}

function moveEntries(entries: readonly Entry[], moved: ReadonlyMap<string, Dot>): Entry[] {
  const out = entries.map((e) => ({ dot: moved.get(dotKey(e.dot)) ?? e.dot, value: e.value }));
  out.sort((a, b) => compareDots(a.dot, b.dot) || compareBytes(b.value, a.value));
  return out.filter((e, i) => i === 0 || !sameDot(e.dot, out[i - 1]!.dot));
}
