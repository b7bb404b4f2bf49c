import { isArea, type AreaCode } from "./area.js";
import { compareKeys, fromUTF8, lengthUTF8, toHex } from "./bytes.js";
import { MaxExactInteger, MaxLabelBytes, MaxMessageBytes, MaxMessageDepth, MaxMessageItems, MaxMessageKeys } from "./bounds.js";
import {
  MajorArray,
  MajorBytes,
  MajorMap,
  MajorNegint,
  MajorSimple,
  MajorTag,
  MajorText,
  MajorUint,
  Refused,
  SimpleFalse,
  SimpleTrue,
  Writer,
} from "./cbor.js";
import { idBytes, NoRecord, recordIDBytes, recordIDOf, type RecordID } from "./ids.js";

// How messages are read and written: PROTOCOL.md, section 12. A message is a
// map of what its table lists and nothing else: no null, no undefined, no float
// for a number, no tag, no indefinite length, no key twice, byte strings of
// exactly the right length. Unlike a record it need not be canonical, because
// nobody hashes it.
//
// Numbers are JavaScript's: a reader refuses what is beyond ±(2^53-1) although
// the page lets a message hold more. No counter, sequence number, count or time
// of an office comes near.

/** How one item of a message is read and written; zero is what an absent key means. */
export interface Codec<T> {
  readonly zero: T;
  read(r: MessageReader): T;
  write(w: Writer, v: T): void;
}

/** Writes a message canonically. */
export function encodeMessage<T>(codec: Codec<T>, m: T): Uint8Array {
  const w = new Writer();
  codec.write(w, m);
  return w.done();
}

/**
 * Reads a message. Keys that nobody knows are passed over, so that a later
 * version may add some, and a key that is absent leaves its field empty. It
 * throws Refused at everything else that does not fit or breaks a bound.
 */
export function decodeMessage<T>(codec: Codec<T>, b: Uint8Array): T {
  if (b.length > MaxMessageBytes) throw new Refused(`message of ${b.length} bytes is over the limit of ${MaxMessageBytes}`, 0);
  const r = new MessageReader(b);
  const m = codec.read(r);
  if (r.off !== b.length) r.fail("bytes after the message");
  return m;
}

/** MessageReader walks CBOR of any order of keys and any length of numbers. */
export class MessageReader {
  off = 0;
  private depth = 0;
  private info = 0; // of the last head
  private readonly view: DataView;

  constructor(readonly buf: Uint8Array) {
    this.view = new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
  }

  fail(why: string, at: number = this.off): never {
    throw new Refused(why, at);
  }

  /** Reads a head: its major type and argument, which above 2^53 is only near enough. */
  private head(): [major: number, arg: number] {
    const at = this.off++;
    const b = this.buf[at];
    if (b === undefined) return this.fail("ends too early", at);
    this.info = b & 0x1f;
    if (this.info < 24) return [b >> 5, this.info];
    if (this.info > 27) this.fail("indefinite or reserved length", at);
    const n = 1 << (this.info - 24);
    if (this.buf.length - this.off < n) this.fail("ends too early", at);
    let arg = 0;
    for (let i = 0; i < n; i++) arg = arg * 256 + this.view.getUint8(this.off++);
    return [b >> 5, arg];
  }

  private want(major: number, what: string): number {
    const at = this.off;
    const [got, arg] = this.head();
    return got === major ? arg : this.fail(`want ${what}`, at);
  }

  private take(n: number): Uint8Array {
    if (n > this.buf.length - this.off) this.fail("ends too early");
    this.off += n;
    return this.buf.subarray(this.off - n, this.off);
  }

  uint(): number {
    const n = this.want(MajorUint, "a number of 0 or more");
    return n > MaxExactInteger ? this.fail("a number beyond 2^53-1") : n;
  }

  int(): number {
    const at = this.off;
    const [major, arg] = this.head();
    if (major > MajorNegint) this.fail("want a whole number", at);
    if (arg > MaxExactInteger - major) this.fail("a number beyond ±(2^53-1)", at);
    return major === MajorNegint ? -1 - arg : arg;
  }

  bool(): boolean {
    const arg = this.want(MajorSimple, "false or true");
    if (this.info !== SimpleFalse && this.info !== SimpleTrue) this.fail("want false or true");
    return arg === SimpleTrue;
  }

  /** Reads a byte string: a copy, which does not hold on to the message. */
  bytes(limit: number): Uint8Array {
    const n = this.want(MajorBytes, "a byte string");
    if (n > limit) this.fail(`${n} bytes are over the limit of ${limit}`);
    return new Uint8Array(this.take(n));
  }

  fixed(n: number): Uint8Array {
    const got = this.want(MajorBytes, `a byte string of ${n}`);
    return got === n ? this.take(n) : this.fail(`want a byte string of ${n}, not of ${got}`);
  }

  text(): string {
    const at = this.off;
    return fromUTF8(this.take(this.want(MajorText, "text"))) ?? this.fail("text is not UTF-8", at);
  }

  list(limit: number, item: () => void): number {
    const n = this.want(MajorArray, "a list");
    if (n > limit || n > MaxMessageItems) this.fail(`${n} items are over the limit of ${Math.min(limit, MaxMessageItems)}`);
    this.nested(n, item);
    return n;
  }

  /** Reads a map; value reads what belongs to the key or passes over it. */
  map(value: (key: string) => void): void {
    const n = this.want(MajorMap, "a map");
    if (n > MaxMessageKeys) this.fail(`${n} keys are over the limit of ${MaxMessageKeys}`);
    const seen = new Set<string>();
    this.nested(n, () => {
      const key = this.text();
      if (seen.has(key)) this.fail(`key ${JSON.stringify(key)} twice`);
      seen.add(key);
      value(key);
    });
  }

  private nested(n: number, item: () => void): void {
    if (++this.depth > MaxMessageDepth) this.fail(`nested deeper than ${MaxMessageDepth}`);
    for (let i = 0; i < n; i++) item();
    this.depth--;
  }

  /** Passes over an item that nobody here knows; it must be one that a message may hold. */
  skip(): void {
    const at = this.off;
    const [major, arg] = this.head();
    switch (major) {
      case MajorBytes:
        this.take(arg);
        return;
      case MajorText:
        if (fromUTF8(this.take(arg)) === undefined) this.fail("text is not UTF-8", at);
        return;
      case MajorArray:
        this.off = at;
        this.list(MaxMessageItems, () => this.skip());
        return;
      case MajorMap:
        this.off = at;
        this.map(() => this.skip());
        return;
      case MajorTag:
        this.fail("tags are not used", at);
      case MajorSimple:
        if (this.info < SimpleFalse || (this.info > SimpleTrue && this.info < 25)) this.fail("a simple value that is not used", at);
    }
  }
}

export const text: Codec<string> = { zero: "", read: (r) => r.text(), write: (w, v) => void w.text(v) };
export const bool: Codec<boolean> = { zero: false, read: (r) => r.bool(), write: (w, v) => void w.simple(v ? SimpleTrue : SimpleFalse) };
export const uint: Codec<number> = { zero: 0, read: (r) => r.uint(), write: (w, v) => void w.uint(v) };
export const int: Codec<number> = { zero: 0, read: (r) => r.int(), write: (w, v) => void w.int(v) };

/** A number from 0 up to limit. */
export function uintTo(limit: number): Codec<number> {
  return { ...uint, read: (r) => atMost(r, r.uint(), limit) };
}

function atMost(r: MessageReader, n: number, limit: number): number {
  return n > limit ? r.fail(`${n} is over the limit ${limit}`) : n;
}

/** The name of a device, an officer, a program or a village. */
export const label: Codec<string> = {
  ...text,
  read: (r) => {
    const s = r.text();
    return lengthUTF8(s) > MaxLabelBytes ? r.fail(`a name is over the limit of ${MaxLabelBytes} bytes`) : s;
  },
};

export const area: Codec<AreaCode> = {
  ...text,
  read: (r) => {
    const s = r.text();
    return isArea(s) ? s : r.fail(`${JSON.stringify(s.slice(0, 20))} is no area code`);
  },
};

/** Bytes of any length, at most limit. */
export function bytes(limit = MaxMessageBytes): Codec<Uint8Array> {
  return { zero: new Uint8Array(0), read: (r) => r.bytes(limit), write: (w, v) => void w.bytes(v) };
}

/** Exactly n bytes, which are hexadecimal digits here. */
export function hex<T extends string>(zero: T): Codec<T> {
  const n = zero.length / 2;
  return {
    zero,
    read: (r) => toHex(r.fixed(n)) as T,
    write: (w, v) => {
      const b = idBytes(v);
      if (b.length !== n) throw new RangeError(`${v} is not ${n} bytes`);
      w.bytes(b);
    },
  };
}

export const recordID: Codec<RecordID> = {
  zero: NoRecord,
  read: (r) => recordIDOf(r.fixed(16)),
  write: (w, v) => void w.bytes(recordIDBytes(v)),
};

export function list<T>(item: Codec<T>, limit = MaxMessageItems): Codec<readonly T[]> {
  return {
    zero: [],
    read: (r) => {
      const out: T[] = [];
      r.list(limit, () => out.push(item.read(r)));
      return out;
    },
    write: (w, v) => {
      w.head(MajorArray, v.length);
      for (const it of v) item.write(w, it);
    },
  };
}

type Fields<T> = { readonly [K in keyof T]-?: Codec<T[K]> };

/** The fields of T with their codecs, whose types need not be told apart any more. */
function fieldsOf<T>(fields: Fields<T>): [keyof T & string, Codec<unknown>][] {
  return Object.entries(fields) as [keyof T & string, Codec<unknown>][];
}

function zeroOf<T>(fields: Fields<T>): T {
  return Object.fromEntries(fieldsOf(fields).map(([key, codec]) => [key, codec.zero])) as T;
}

/** A list of fixed length, its items in the order of the fields. */
export function tuple<T>(fields: Fields<T>): Codec<T> {
  const items = fieldsOf(fields);
  return {
    zero: zeroOf(fields),
    read: (r) => {
      const out: { [key: string]: unknown } = {};
      let i = 0;
      const n = r.list(items.length, () => {
        const [key, codec] = items[i++]!;
        out[key] = codec.read(r);
      });
      return n === items.length ? (out as T) : r.fail(`want a list of ${items.length}`);
    },
    write: (w, v) => {
      w.head(MajorArray, items.length);
      for (const [key, codec] of items) codec.write(w, v[key]);
    },
  };
}

/**
 * A map with these keys. Those in optional are left out where they are empty
 * text. What the types cannot say is in check, which gives what is wrong.
 */
export function map<T>(fields: Fields<T>, optional: readonly (keyof T)[] = [], check?: (m: T) => string | undefined): Codec<T> {
  const items = fieldsOf(fields).sort((a, b) => compareKeys(a[0], b[0]));
  const known = new Map<string, Codec<unknown>>(items);
  return {
    zero: zeroOf(fields),
    read: (r) => {
      const out = { ...zeroOf(fields) };
      r.map((key) => {
        const codec = known.get(key);
        if (codec) out[key as keyof T] = codec.read(r) as T[keyof T];
        else r.skip();
      });
      const wrong = check?.(out);
      return wrong === undefined ? out : r.fail(wrong);
    },
    write: (w, v) => {
      const written = items.filter(([key]) => !optional.includes(key) || v[key] !== "");
      w.head(MajorMap, written.length);
      for (const [key, codec] of written) codec.write(w.text(key), v[key]);
    },
  };
}
