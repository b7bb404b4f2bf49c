// What the protocol needs of bytes and text and JavaScript does not have:
// their order, equality and hexadecimal digits. Text is ordered by its UTF-8,
// which is not how JavaScript compares it.

const encoder = new TextEncoder();
// A byte order mark at the beginning is a character of the text like others.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Orders byte strings as the protocol does; a prefix goes first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const d = a[i]! - b[i]!;
    if (d !== 0) return d;
  }
  return a.length - b.length;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0;
}

/** Reports whether s has no half of a surrogate pair: such text has no UTF-8. */
export function isText(s: string): boolean {
  return !/\p{Surrogate}/u.test(s);
}

/** The UTF-8 of s. It throws where there is none: replacing half a character would make two names one. */
export function toUTF8(s: string): Uint8Array {
  if (!isText(s)) throw new RangeError(`text ${JSON.stringify(s.slice(0, 40))} has half a character`);
  return encoder.encode(s);
}

/** The text that b is; undefined if it is not UTF-8. */
export function fromUTF8(b: Uint8Array): string | undefined {
  if (b.length < 24) {
    const s = fromASCII(b);
    if (s !== undefined) return s;
  }
  try {
    return decoder.decode(b);
  } catch {
    return undefined;
  }
}

/** Most keys are a few ASCII letters; the decoder costs more than they do. */
function fromASCII(b: Uint8Array): string | undefined {
  for (const c of b) if (c > 0x7f) return undefined;
  return String.fromCharCode(...b);
}

/** How many bytes the UTF-8 of s has. */
export function lengthUTF8(s: string): number {
  let n = 0;
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    n += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0xd800 || c > 0xdfff ? 3 : 2; // a pair of surrogates: 4
  }
  return n;
}

/** Orders texts by their UTF-8. */
export function compareText(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Characters outside the first plane come after all others, so surrogates do. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Orders map keys by the bytes of their encoding: a shorter key goes first. */
export function compareKeys(a: string, b: string): number {
  return lengthUTF8(a) - lengthUTF8(b) || compareText(a, b);
}

const digits = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

export function toHex(b: Uint8Array): string {
  let s = "";
  for (const c of b) s += digits[c];
  return s;
}

/** Reads hexadecimal digits of either case; undefined if s is anything else. */
export function fromHex(s: string): Uint8Array | undefined {
  if (s.length % 2 !== 0) return undefined;
  const b = new Uint8Array(s.length / 2);
  for (let i = 0; i < b.length; i++) {
    const high = digit(s.charCodeAt(2 * i));
    const low = digit(s.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) return undefined;
    b[i] = high * 16 + low;
  }
  return b;
}

function digit(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
