import type { ActorID } from "./ids.js";

/**
 * Names one save in the whole system: the actor that made it and the actor's
 * own count of saves. Counters are 1 to 2^53-1, so a number holds them exactly.
 */
export interface Dot {
  readonly actor: ActorID;
  readonly counter: number;
}

/** Orders dots by actor, then by counter. */
export function compareDots(a: Dot, b: Dot): number {
  return compareActors(a.actor, b.actor) || a.counter - b.counter;
}

/** Orders actors by their bytes. */
export function compareActors(a: ActorID, b: ActorID): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function sameDot(a: Dot, b: Dot): boolean {
  return a.counter === b.counter && a.actor === b.actor;
}

/** actor:counter, which can be a key. */
export function dotKey(d: Dot): string {
  return `${d.actor}:${d.counter}`;
}
