import { compareActors, type Dot } from "./dot.js";
import type { ActorID } from "./ids.js";

/**
 * A version vector: for every actor the highest counter whose saves of the
 * record are known. It is sorted by actor and holds no zero counter, so equal
 * vectors are equal lists. Vectors are never pruned, and never changed: what
 * changes one gives a new one.
 */
export type Vector = readonly Dot[];

/** How two vectors relate: "before" means that the second has seen all of the first and more. */
export type Ordering = "equal" | "before" | "after" | "concurrent";

/** The highest counter of actor that v knows, 0 for none. */
export function counterOf(v: Vector, actor: ActorID): number {
  const d = v[place(v, actor)];
  return d?.actor === actor ? d.counter : 0;
}

/** Where actor is in v, or would be. */
function place(v: Vector, actor: ActorID): number {
  let low = 0;
  let high = v.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (v[mid]!.actor < actor) low = mid + 1;
    else high = mid;
  }
  return low;
}

/** Reports whether the save d is known to v. */
export function covers(v: Vector, d: Dot): boolean {
  return counterOf(v, d.actor) >= d.counter;
}

/** v with actor's counter set to counter; 0 removes the actor. */
export function withCounter(v: Vector, actor: ActorID, counter: number): Vector {
  const i = place(v, actor);
  const after = v.slice(v[i]?.actor === actor ? i + 1 : i);
  return [...v.slice(0, i), ...(counter === 0 ? [] : [{ actor, counter }]), ...after];
}

/** The pointwise maximum of v and w. */
export function joinVectors(v: Vector, w: Vector): Vector {
  const out: Dot[] = [];
  for (const [a, b] of pairs(v, w)) out.push(!b || (a && a.counter >= b.counter) ? a! : b);
  return out;
}

export function compareVectors(v: Vector, w: Vector): Ordering {
  let less = false;
  let more = false;
  for (const [a, b] of pairs(v, w)) {
    less ||= (a?.counter ?? 0) < (b?.counter ?? 0);
    more ||= (a?.counter ?? 0) > (b?.counter ?? 0);
  }
  if (less) return more ? "concurrent" : "before";
  return more ? "after" : "equal";
}

/** Reports whether v has seen everything that w has. */
export function dominates(v: Vector, w: Vector): boolean {
  const o = compareVectors(v, w);
  return o === "equal" || o === "after";
}

/** Goes through two vectors side by side, by actor. */
function* pairs(v: Vector, w: Vector): Generator<[Dot | undefined, Dot | undefined]> {
  let i = 0;
  let k = 0;
  while (i < v.length || k < w.length) {
    const a = v[i];
    const b = w[k];
    const c = !a ? 1 : !b ? -1 : compareActors(a.actor, b.actor);
    yield [c <= 0 ? a : undefined, c >= 0 ? b : undefined];
    if (c <= 0) i++;
    if (c >= 0) k++;
  }
}
