import { compareKeys, fromHex, toHex } from "./bytes.js";
import { MajorMap, Refused, Writer, type Any } from "./cbor.js";
import { NoHash8, type Hash8 } from "./ids.js";
import { GroupState, hash8, winner, type Record } from "./record.js";
import { anyOf, newValue, Null, type Value } from "./value.js";

// The states that a person gives a record, in the group `_state`. All other
// states follow from its answers.
export const StateSubmitted = "submitted"; // the officer is done with it
export const StateReturned = "returned"; // a supervisor wants something mended
export const StateApproved = "approved";

export type StateName = typeof StateSubmitted | typeof StateReturned | typeof StateApproved;

/** What `_state` holds: how far people have brought a record, and what its answers were then. */
export interface State {
  readonly state: StateName | ""; // "" means that nobody said anything
  readonly note: string;
  readonly answers: Hash8; // answersDigest then: if it differs now, the answers have changed since
  readonly comments: ReadonlyMap<string, string>; // by question
}

export const NoState: State = { state: "", note: "", answers: NoHash8, comments: new Map() };

/** The state to display. What cannot be read counts as nothing said. */
export function stateOf(r: Record): State {
  const m = readMap(winner(r, GroupState));
  const state = m?.["state"];
  if (!m || !isState(state)) return NoState;
  const answers = new Uint8Array(8);
  if (m["answers"] instanceof Uint8Array) answers.set(m["answers"].subarray(0, 8));
  const comments = new Map<string, string>();
  for (const [question, c] of Object.entries(asMap(m["comments"]) ?? {})) if (typeof c === "string") comments.set(question, c);
  return { state, note: typeof m["note"] === "string" ? m["note"] : "", answers: toHex(answers) as Hash8, comments };
}

function isState(s: unknown): s is StateName {
  return s === StateSubmitted || s === StateReturned || s === StateApproved;
}

function readMap(v: Value | undefined): { readonly [key: string]: Any } | undefined {
  try {
    return v && asMap(anyOf(v));
  } catch (err) {
    if (err instanceof Refused) return undefined;
    throw err;
  }
}

function asMap(a: Any | undefined): { readonly [key: string]: Any } | undefined {
  if (typeof a !== "object" || a === null || Array.isArray(a) || a instanceof Uint8Array) return undefined;
  return a as { readonly [key: string]: Any };
}

/** s as `_state` holds it; null if nobody said anything. */
export function stateValue(s: State): Value {
  if (s.state === "") return Null;
  const m: { [key: string]: Any } = { state: s.state, answers: fromHex(s.answers)! };
  if (s.note !== "") m["note"] = s.note;
  if (s.comments.size > 0) m["comments"] = Object.fromEntries(s.comments);
  return newValue(m);
}

/**
 * The first 8 bytes of SHA-256 over the canonical map of the record's groups to
 * the answers to display, without reserved groups.
 */
export function answersDigest(r: Record): Hash8 {
  const names = [...r.groups.keys()].filter((name) => !name.startsWith("_")).sort(compareKeys);
  const w = new Writer().head(MajorMap, names.length);
  for (const name of names) w.text(name).raw(winner(r, name)!);
  return hash8(w);
}
