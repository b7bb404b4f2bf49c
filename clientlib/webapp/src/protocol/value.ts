import { MaxExactInteger, MaxNameBytes, MaxValueBytes, MaxValueDepth } from "./bounds.js";
import { compareKeys, equalBytes, lengthUTF8 } from "./bytes.js";
import { MajorArray, MajorBytes, MajorMap, MajorSimple, MajorText, Reader, SimpleFalse, SimpleNull, SimpleTrue, Writer, type Any } from "./cbor.js";
import { recordIDBytes, recordIDOf, NoRecord, type RecordID } from "./ids.js";

/**
 * The canonical CBOR of one answer: null, true, false, a number, text, bytes,
 * a list or a map. Equal answers are equal bytes. Null means that the answer
 * was cleared. Values are shared and must not be written to.
 */
export type Value = Uint8Array;

// The values that the protocol itself writes.
export const Null: Value = Uint8Array.of((MajorSimple << 5) | SimpleNull);
export const True: Value = Uint8Array.of((MajorSimple << 5) | SimpleTrue);
export const False: Value = Uint8Array.of((MajorSimple << 5) | SimpleFalse);

/** What newValue takes: as Any, and whole numbers as bigint too. */
export type Answer = null | boolean | number | bigint | string | Uint8Array | readonly Answer[] | { readonly [key: string]: Answer };

/**
 * Writes v canonically. A number that is whole and within ±(2^53-1) becomes a
 * whole number, any other a 64-bit float. It throws a RangeError at whole
 * numbers beyond that, NaN and infinities, because two runtimes would not agree
 * on them (send such a number as text), and at what is nested too deep or too
 * long.
 */
export function newValue(v: Answer): Value {
  const w = new Writer();
  writeAnswer(w, v, MaxValueDepth);
  if (w.length > MaxValueBytes) throw new RangeError(`value of ${w.length} bytes is over the limit of ${MaxValueBytes}`);
  return w.done();
}

/** newValue for text. */
export function textValue(s: string): Value {
  return new Writer().text(s).done();
}

/** newValue for a reference to another record. */
export function idValue(id: RecordID): Value {
  return new Writer().bytes(recordIDBytes(id)).done();
}

function writeAnswer(w: Writer, v: Answer, depth: number): void {
  switch (typeof v) {
    case "boolean":
      w.raw(v ? True : False);
      return;
    case "string":
      w.text(v);
      return;
    case "number":
      writeNumber(w, v);
      return;
    case "bigint":
      writeNumber(w, v > MaxExactInteger || v < -MaxExactInteger ? Infinity : Number(v));
      return;
    case "object":
      writeObject(w, v, depth);
      return;
  }
  throw new RangeError(`a ${typeof v} cannot be an answer`);
}

function writeNumber(w: Writer, f: number): void {
  if (!Number.isFinite(f) || (Number.isInteger(f) && !Number.isSafeInteger(f))) {
    throw new RangeError("a number is too large or none: send it as text");
  }
  if (Number.isInteger(f)) w.int(f);
  else w.float(f);
}

function writeObject(w: Writer, v: Answer & (object | null), depth: number): void {
  if (v === null) {
    w.raw(Null);
    return;
  }
  if (v instanceof Uint8Array) {
    w.bytes(v);
    return;
  }
  if (depth <= 0) throw new RangeError(`nested deeper than ${MaxValueDepth}`);
  if (isList(v)) {
    w.head(MajorArray, v.length);
    for (const item of v) writeAnswer(w, item, depth - 1);
    return;
  }
  const keys = Object.keys(v).sort(compareKeys);
  w.head(MajorMap, keys.length);
  for (const k of keys) {
    if (lengthUTF8(k) > MaxNameBytes) throw new RangeError(`key ${JSON.stringify(k.slice(0, 80))} is longer than ${MaxNameBytes} bytes`);
    writeAnswer(w.text(k), v[k]!, depth - 1);
  }
}

function isList(v: Answer): v is readonly Answer[] {
  return Array.isArray(v); // alone it does not see lists that cannot be written to
}

/** Reads the value back. It throws Refused if v is not canonical. */
export function anyOf(v: Value): Any {
  const r = new Reader(v);
  r.value(MaxValueDepth);
  if (r.off !== v.length) r.fail("bytes after the value");
  r.off = 0;
  return r.any();
}

/** Throws Refused if b is not one canonical value. */
export function checkValue(b: Uint8Array): void {
  anyOf(b);
}

export function isTrue(v: Value | undefined): boolean {
  return v !== undefined && equalBytes(v, True);
}

export function isFalse(v: Value | undefined): boolean {
  return v !== undefined && equalBytes(v, False);
}

export function isNull(v: Value | undefined): boolean {
  return v !== undefined && equalBytes(v, Null);
}

export function isMap(v: Value): boolean {
  return v.length > 0 && v[0]! >> 5 === MajorMap;
}

/** Reports whether v is an id of 16 bytes. */
export function isReference(v: Value | undefined): v is Value {
  return v !== undefined && v.length === 17 && v[0] === ((MajorBytes << 5) | 16);
}

/** Reads an id of 16 bytes; anything else is none. */
export function referenceOf(v: Value | undefined): RecordID {
  return isReference(v) ? recordIDOf(v.subarray(1)) : NoRecord;
}

/** Reads text; undefined if v is anything else. */
export function textOf(v: Value | undefined): string | undefined {
  if (v === undefined || v.length === 0 || v[0]! >> 5 !== MajorText) return undefined;
  return new Reader(v).text("text", MaxValueBytes);
}
