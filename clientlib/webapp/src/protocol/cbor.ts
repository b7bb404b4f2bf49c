import { fromUTF8, compareKeys, toUTF8 } from "./bytes.js";
import { MaxExactInteger, MaxNameBytes, MaxValueBytes, MaxValueDepth } from "./bounds.js";

// The canonical CBOR of PROTOCOL.md, section 3, and nothing else.

export const MajorUint = 0;
export const MajorNegint = 1;
export const MajorBytes = 2;
export const MajorText = 3;
export const MajorArray = 4;
export const MajorMap = 5;
export const MajorTag = 6;
export const MajorSimple = 7;

export const SimpleFalse = 20;
export const SimpleTrue = 21;
export const SimpleNull = 22;
export const SimpleFloat = 27;

const short = "ends too early";

/** What came from outside is not what it should be. `at` is the byte where that was seen. */
export class Refused extends Error {
  override readonly name = "Refused";
  constructor(
    readonly why: string,
    readonly at: number,
  ) {
    super(`byte ${at}: ${why}`);
  }
}

/**
 * Reader walks canonical CBOR and throws Refused at whatever is not canonical:
 * lengths that could be shorter, indefinite lengths, tags, map keys that are no
 * text, out of order or doubled, text that is no UTF-8, numbers that have a
 * shorter form. Nothing is allocated for a length that the input cannot hold.
 */
export class Reader {
  off = 0;
  private arg = 0; // of the last head; above 2^53 only near enough, which is above every limit
  private readonly view: DataView;

  constructor(readonly buf: Uint8Array) {
    this.view = new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
  }

  fail(why: string, at: number = this.off): never {
    throw new Refused(why, at);
  }

  /** Reads a head: gives the major type and leaves the argument in `arg`. The 64 bits of a float are passed over. */
  private head(): number {
    const { buf, off } = this;
    if (off >= buf.length) this.fail(short);
    const b = buf[off]!;
    const major = b >> 5;
    const info = b & 0x1f;
    if (info < 24) {
      this.off++;
      this.arg = info;
      return major;
    }
    if (info > 27) this.fail("indefinite or reserved length");
    const n = 1 << (info - 24);
    if (buf.length - off - 1 < n) this.fail(short);
    if (major === MajorSimple) {
      if (info !== SimpleFloat) this.fail("simple value or short float");
      this.arg = SimpleFloat;
    } else if (!this.argument(n)) {
      this.fail("number not in its shortest form");
    }
    this.off += 1 + n;
    return major;
  }

  /** Reads an argument of n bytes; false if fewer would do. */
  private argument(n: number): boolean {
    const at = this.off + 1;
    switch (n) {
      case 1:
        this.arg = this.view.getUint8(at);
        return this.arg >= 24;
      case 2:
        this.arg = this.view.getUint16(at);
        return this.arg > 0xff;
      case 4:
        this.arg = this.view.getUint32(at);
        return this.arg > 0xffff;
    }
    const high = this.view.getUint32(at);
    this.arg = high * 2 ** 32 + this.view.getUint32(at + 4);
    return high !== 0;
  }

  private want(major: number, what: string, limit: number): number {
    const start = this.off;
    if (this.head() !== major) this.fail(`want ${what}`, start);
    if (this.arg > limit) this.fail(`${what}: ${this.arg} is over the limit ${limit}`, start);
    return this.arg;
  }

  /** Reads the length of a list. Every item takes at least one byte. */
  array(limit: number): number {
    return this.count(MajorArray, "array", limit, 1);
  }

  mapLength(limit: number): number {
    return this.count(MajorMap, "map", limit, 2);
  }

  private count(major: number, what: string, limit: number, itemBytes: number): number {
    const n = this.want(major, what, limit);
    if (n * itemBytes > this.buf.length - this.off) this.fail(`${what} of ${n} items: ${short}`);
    return n;
  }

  uint(what: string, limit: number): number {
    return this.want(MajorUint, what, limit);
  }

  int(what: string): number {
    const start = this.off;
    const major = this.head();
    if (major > MajorNegint || this.arg > MaxExactInteger - major) {
      this.fail(`want ${what}, a whole number within ±(2^53-1)`, start);
    }
    return major === MajorNegint ? -1 - this.arg : this.arg;
  }

  private take(n: number): Uint8Array {
    if (n > this.buf.length - this.off) this.fail(short);
    this.off += n;
    return this.buf.subarray(this.off - n, this.off);
  }

  bytes(what: string, size: number): Uint8Array {
    const start = this.off;
    const b = this.take(this.want(MajorBytes, what, size));
    if (b.length !== size) this.fail(`${what}: want ${size} bytes`, start);
    return b;
  }

  text(what: string, limit: number): string {
    const start = this.off;
    const s = fromUTF8(this.take(this.want(MajorText, what, limit)));
    return s ?? this.fail(`${what}: not UTF-8`, start);
  }

  /** Reads a map key and checks that it comes after the one before it, if there is one. */
  key(what: string, before: string | undefined): string {
    const start = this.off;
    const k = this.text(what, MaxNameBytes);
    if (before !== undefined && compareKeys(before, k) >= 0) {
      this.fail(`${what} ${JSON.stringify(k)} out of order or doubled`, start);
    }
    return k;
  }

  /** Walks one answer and gives its bytes: a copy, which holds on to nothing else. */
  value(depth: number): Uint8Array {
    const start = this.off;
    this.skip(depth);
    const n = this.off - start;
    if (n > MaxValueBytes) this.fail(`value of ${n} bytes is over the limit ${MaxValueBytes}`);
    return new Uint8Array(this.buf.subarray(start, this.off));
  }

  private skip(depth: number): void {
    const start = this.off;
    const major = this.head();
    switch (major) {
      case MajorUint:
      case MajorNegint:
        if (this.arg > MaxExactInteger - major) this.fail("whole number beyond ±(2^53-1)", start);
        return;
      case MajorBytes:
        this.take(this.arg);
        return;
      case MajorText:
        if (fromUTF8(this.take(this.arg)) === undefined) this.fail("text is not UTF-8");
        return;
      case MajorArray:
      case MajorMap:
        if (depth <= 0) this.fail(`nested deeper than ${MaxValueDepth}`);
        this.off = start;
        this.container(major, depth);
        return;
      case MajorSimple:
        this.simple(start);
        return;
    }
    this.fail("tags are not used");
  }

  private container(major: number, depth: number): void {
    if (major === MajorArray) {
      for (let n = this.array(MaxValueBytes); n > 0; n--) this.skip(depth - 1);
      return;
    }
    let before: string | undefined;
    for (let n = this.mapLength(MaxValueBytes); n > 0; n--) {
      before = this.key("map key", before);
      this.skip(depth - 1);
    }
  }

  private simple(start: number): void {
    if (this.off - start === 1) {
      if (this.arg < SimpleFalse || this.arg > SimpleNull) this.fail(`simple value ${this.arg} is not used`);
      return;
    }
    const f = this.view.getFloat64(start + 1);
    if (!Number.isFinite(f)) this.fail("number is not finite");
    if (Number.isInteger(f)) this.fail("whole number written as a float");
  }

  /** Gives one item that has been checked by value. */
  any(): Any {
    const start = this.off;
    const major = this.head();
    const arg = this.arg;
    switch (major) {
      case MajorUint:
        return arg;
      case MajorNegint:
        return -1 - arg;
      case MajorBytes:
        return new Uint8Array(this.take(arg));
      case MajorText:
        return fromUTF8(this.take(arg))!;
      case MajorArray:
        return Array.from({ length: arg }, () => this.any());
      case MajorMap: {
        const m = emptyMap();
        for (let i = 0; i < arg; i++) {
          const k = this.text("map key", MaxNameBytes);
          m[k] = this.any();
        }
        return m;
      }
    }
    if (this.off - start > 1) return this.view.getFloat64(start + 1);
    return arg === SimpleNull ? null : arg === SimpleTrue;
  }
}

/** An answer as JavaScript has it. Every number is a `number`: whole ones are within ±(2^53-1). */
export type Any = null | boolean | number | string | Uint8Array | readonly Any[] | { readonly [key: string]: Any };

/** An object without ancestors, for keys from outside: "__proto__" is a key like others. */
export function emptyMap(): { [key: string]: Any } {
  return Object.create(null) as { [key: string]: Any };
}

/** Writer appends canonical CBOR to bytes that grow. */
export class Writer {
  private buf = new Uint8Array(256);
  private off = 0;

  /** A copy of what was written. */
  done(): Uint8Array {
    return this.buf.slice(0, this.off);
  }

  get length(): number {
    return this.off;
  }

  private room(n: number): number {
    if (this.off + n > this.buf.length) {
      const larger = new Uint8Array(Math.max(2 * this.buf.length, this.off + n));
      larger.set(this.buf);
      this.buf = larger;
    }
    this.off += n;
    return this.off - n;
  }

  /** Appends bytes that are canonical CBOR already. */
  raw(b: Uint8Array): this {
    const at = this.room(b.length); // before this.buf is looked at, which it replaces
    this.buf.set(b, at);
    return this;
  }

  head(major: number, arg: number): this {
    const m = major << 5;
    if (arg < 24) this.argument(m | arg, 0, arg);
    else if (arg <= 0xff) this.argument(m | 24, 1, arg);
    else if (arg <= 0xffff) this.argument(m | 25, 2, arg);
    else if (arg <= 0xffffffff) this.argument(m | 26, 4, arg);
    else this.argument(m | 27, 8, arg);
    return this;
  }

  private argument(first: number, n: number, arg: number): void {
    let at = this.room(1 + n);
    this.buf[at++] = first;
    for (let i = n - 1; i >= 0; i--) this.buf[at++] = Math.floor(arg / 256 ** i) % 256;
  }

  /** Appends a whole number within ±(2^53-1); -0 is 0. */
  int(n: number): this {
    if (!Number.isSafeInteger(n)) throw new RangeError(`${n} is no whole number within ±(2^53-1)`);
    return n < 0 ? this.head(MajorNegint, -1 - n) : this.head(MajorUint, n);
  }

  uint(n: number): this {
    if (n < 0) throw new RangeError(`${n} is below zero`);
    return this.int(n);
  }

  /** Appends a number that is not whole. */
  float(f: number): this {
    const at = this.room(9);
    this.buf[at] = (MajorSimple << 5) | SimpleFloat;
    new DataView(this.buf.buffer).setFloat64(at + 1, f);
    return this;
  }

  simple(value: number): this {
    return this.head(MajorSimple, value);
  }

  text(s: string): this {
    const b = toUTF8(s);
    return this.head(MajorText, b.length).raw(b);
  }

  bytes(b: Uint8Array): this {
    return this.head(MajorBytes, b.length).raw(b);
  }
}
