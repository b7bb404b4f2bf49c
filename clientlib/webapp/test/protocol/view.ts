import { anyOf, type Any } from "../../src/protocol/index.js";
import * as p from "../../src/protocol/index.js";

// What the tests compare: the protocol's data as JSON has it, the way the
// vectors and the Go program show it. Bytes are hexadecimal digits.

/** Any JSON as text in one form: the order of an object's keys means nothing. */
export function canonical(a: unknown): string {
  if (Array.isArray(a)) return `[${a.map(canonical).join(",")}]`;
  if (typeof a !== "object" || a === null) return JSON.stringify(a);
  const keys = Object.keys(a).sort();
  return `{${keys.map((k) => `${JSON.stringify(k)}:${canonical((a as { [key: string]: unknown })[k])}`).join(",")}}`;
}

/** An object that may have a key "__proto__". */
export function objectOf<V, W>(entries: Iterable<readonly [string, V]>, view: (v: V) => W): { [key: string]: W } {
  const out = Object.create(null) as { [key: string]: W };
  for (const [k, v] of entries) out[k] = view(v);
  return out;
}

export function viewAny(a: Any): unknown {
  if (a instanceof Uint8Array) return { bytes: p.toHex(a) };
  if (Array.isArray(a)) return a.map(viewAny);
  if (typeof a === "object" && a !== null) return objectOf(Object.entries(a), viewAny);
  return a;
}

export const viewValue = (v: p.Value): unknown => viewAny(anyOf(v));

/** A record as the .json files of the vectors show it. */
export function viewVector(r: p.Record): unknown {
  const dot = (d: p.Dot): object => ({ actor: d.actor, counter: d.counter });
  const b = p.encodeRecord(r);
  return {
    id: r.id,
    type: r.type,
    vector: r.vv.map(dot),
    saves: r.ops.map((op) => ({ ...dot(op.dot), wall: op.wall, context: viewContext(op.context), hash: op.hash })),
    groups: objectOf(r.groups, (entries) => entries.map((e) => ({ ...dot(e.dot), value: viewValue(e.value) }))),
    shown: objectOf([...r.groups.keys()].map((k) => [k, p.winner(r, k)!] as const), viewValue),
    conflicts: p.conflicts(r),
    area: p.areaOf(r),
    alive: p.alive(r),
    hash: p.hashRecord(b),
    bucket: p.bucket(r.id),
    cbor: p.toHex(b),
  };
}

function viewContext(c: p.Context): unknown {
  const keys: [string, unknown][] = [["u", c.user], ["f", c.form], ["a", c.app], ["r", c.reason], ["o", c.offset]];
  const known = keys.filter(([, v]) => v !== "" && v !== 0);
  return objectOf([...known, ...[...c.extra].map(([k, v]): [string, unknown] => [k, viewValue(v)])], (v) => v);
}

/** A record as cmd/tambonsim/peers shows it: all that it is and all that is read from it. */
export function viewRecord(r: p.Record): unknown {
  const entries = (list: readonly p.Entry[]): string[] => list.map((e) => `${p.dotKey(e.dot)} ${p.toHex(e.value)}`);
  const byGroup = <V>(view: (group: string) => V): unknown => objectOf([...r.groups.keys()].map((k) => [k, k] as const), view);
  const last = p.lastSave(r);
  return {
    id: r.id,
    type: r.type,
    vector: r.vv.map(p.dotKey),
    ops: r.ops.map(viewOp),
    groups: byGroup((g) => entries(r.groups.get(g)!)),
    ranked: byGroup((g) => entries(p.ranked(r, g))),
    distinct: byGroup((g) => entries(p.distinct(r, g))),
    shown: byGroup((g) => p.toHex(p.winner(r, g)!)),
    conflicts: p.conflicts(r),
    last: last ? p.dotKey(last.dot) : "",
    alive: p.alive(r),
    area: p.areaOf(r),
    parent: p.parentOf(r),
    merged_into: p.mergedIntoOf(r),
    round: p.roundOf(r),
    from: p.fromOf(r),
    carried: p.carried(r),
    state: viewState(p.stateOf(r)),
    answers: p.answersDigest(r),
    hash: p.hashRecord(p.encodeRecord(r)),
    bucket: p.bucket(r.id),
    accepted: p.checkReserved(r) === undefined,
  };
}

function viewOp(op: p.Op): object {
  const { extra, ...context } = op.context;
  return { dot: p.dotKey(op.dot), ...op.dot, wall: op.wall, hash: op.hash, ...context, extra: objectOf(extra, p.toHex) };
}

function viewState(s: p.State): object {
  return { ...s, comments: objectOf(s.comments, (c) => c), value: p.toHex(p.stateValue(s)) };
}

/** A message as peers shows it: bytes as hexadecimal digits. */
export function viewMessage(m: unknown): unknown {
  if (m instanceof Uint8Array) return p.toHex(m);
  if (Array.isArray(m)) return m.map(viewMessage);
  if (typeof m === "object" && m !== null) return objectOf(Object.entries(m), viewMessage);
  return m;
}

/** The messages by the names of their vectors. */
export const messages: { readonly [name: string]: p.Codec<unknown> } = Object.fromEntries(
  Object.entries(p.calls).flatMap(([name, call]) => [
    [`${name}-request`, call.request as p.Codec<unknown>],
    [`${name}-response`, call.response as p.Codec<unknown>],
  ]),
);

export function bytesOf(hex: string): Uint8Array {
  const b = p.fromHex(hex.replaceAll(" ", ""));
  if (!b) throw new Error(`${hex} is not hexadecimal`);
  return b;
}
