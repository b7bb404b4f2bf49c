// Answers come from decoders as null, boolean, number, bigint, string, bytes,
// arrays, and objects or Maps. Inside the survey rooms an object is a Map: the
// keys come from other devices, and a plain object has names of its own.

/** An answer as expressions see it: every number a double. */
export type Value = null | boolean | number | string | Uint8Array | Value[] | Map<string, Value>;

/** Flat answers by question, or groups by name, as a record holds them. */
export type Answers = Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>;

/** The members of an object or Map; undefined for anything else. */
export function members(v: unknown): [string, unknown][] | undefined {
  if (typeof v !== "object" || v === null || Array.isArray(v) || v instanceof Uint8Array) return undefined;
  return v instanceof Map ? [...(v as Map<string, unknown>)] : Object.entries(v);
}

/** One answer, null if there is none. */
export function answer(a: Answers, name: string): unknown {
  if (a instanceof Map) return a.get(name) ?? null;
  return Object.hasOwn(a, name) ? ((a as Record<string, unknown>)[name] ?? null) : null;
}

/** Gives an answer the shape that expressions know. One of a wrong type stays what it is. */
export function bind(v: unknown): Value {
  switch (typeof v) {
    case "boolean":
    case "number":
    case "string":
      return v;
    case "bigint":
      return Number(v);
    case "object":
      if (v === null || v instanceof Uint8Array) return v;
      if (Array.isArray(v)) return v.map(bind);
      return new Map(members(v)!.map(([k, x]) => [k, bind(x)]));
    default:
      return null;
  }
}

/** An object whose keys may be anything, "__proto__" too. */
export function emptyObject<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}

/** A value with objects in place of Maps, for those outside. */
export function unbind(v: Value): unknown {
  if (Array.isArray(v)) return v.map(unbind);
  if (!(v instanceof Map)) return v;
  const out = emptyObject<unknown>();
  for (const [k, x] of v) out[k] = unbind(x);
  return out;
}

/** Any number a decoder gives; undefined for NaN, infinities and everything else. */
export function numberOf(v: unknown): number | undefined {
  const n = typeof v === "bigint" ? Number(v) : v;
  return typeof n === "number" && Number.isFinite(n) ? n : undefined;
}

/** Orders texts as their UTF-8 bytes, as Go does; JavaScript's own order differs beyond U+FFFF. */
export function compareText(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates, which stand for characters beyond U+FFFF, go behind all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

/** How many bytes the text has in UTF-8. */
export function utf8Length(s: string): number {
  let n = s.length;
  for (let i = 0; i < s.length; i++) {
    const unit = s.charCodeAt(i);
    if (unit < 0x80) continue;
    n += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return n;
}
