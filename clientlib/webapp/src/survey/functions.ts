import { celFunc, CelScalar, isCelList, isCelMap, isCelUint, type CelFunc, type CelInput, type CelMap, type CelValue } from "@bufbuild/cel";
import { fromDays, fullMonths, parseDate, toDays, writeDay, type Day } from "./dates.js";
import { plain, roundHalf } from "./numbers.js";
import { compareText } from "./values.js";

// The functions of expressions beside CEL's own: syncproto/survey/functions.go
// in TypeScript. Whatever throws here makes the expression have no result.

const { BOOL, DYN, STRING } = CelScalar;

class NoValue extends Error {}

function noValue(): never {
  throw new NoValue("no value");
}

function number(v: CelValue): number {
  return typeof v === "number" ? v : noValue();
}

function text(v: CelValue): string {
  return typeof v === "string" ? v : noValue();
}

function list(v: CelValue): CelValue[] {
  return isCelList(v) ? [...v] : noValue();
}

function day(v: CelValue): Day {
  return parseDate(text(v)) ?? noValue();
}

function fold(start: number, f: (a: number, b: number) => number): (v: CelValue) => number {
  return (v) => {
    const out = list(v).reduce<number>((sum, x) => f(sum, number(x)), start);
    return Math.abs(out) === Infinity ? noValue() : out;
  };
}

/** CEL's equality: numbers across their types, everything else within its own. */
export function same(a: CelValue, b: CelValue): boolean {
  if (a === b) return true;
  const x = isCelUint(a) ? a.value : a;
  const y = isCelUint(b) ? b.value : b;
  if ((typeof x === "number" || typeof x === "bigint") && (typeof y === "number" || typeof y === "bigint")) return x == y;
  if (isCelList(x) && isCelList(y)) {
    const others = [...y];
    return x.size === y.size && [...x].every((v, i) => same(v, others[i]!));
  }
  if (isCelMap(x) && isCelMap(y)) {
    return x.size === y.size && [...x].every(([k, v]) => {
      const other = y.get(k);
      return other !== undefined && same(v, other);
    });
  }
  return false;
}

function selected(answer: CelValue, name: CelValue): boolean {
  return isCelList(answer) ? [...answer].some((v) => same(v, name)) : same(answer, name);
}

function countSelected(answer: CelValue): number {
  if (isCelList(answer)) return answer.size;
  return answer === null ? 0 : 1;
}

function ages(each: number): (date: CelValue, at: CelValue) => number {
  return (date, at) => fullMonths(day(date), day(at), each);
}

function dateAdd(date: CelValue, days: CelValue): string {
  const from = day(date);
  const n = number(days);
  if (!(Math.abs(n) <= 1e6)) return noValue();
  return writeDay(fromDays(toDays(from) + Math.trunc(n)));
}

/** Rounds half away from zero in decimals; -3 rounds to thousands. The powers of ten are exact. */
function roundTo(v: CelValue, digits: CelValue): number {
  const n = number(v);
  const d = number(digits);
  if (!(Math.abs(d) <= 15)) return noValue();
  const scale = Number(`1e${Math.abs(Math.trunc(d))}`);
  return Math.trunc(d) < 0 ? roundHalf(n / scale) * scale : roundHalf(n * scale) / scale;
}

function modulo(a: CelValue, b: CelValue): number {
  const by = number(b);
  return by === 0 ? noValue() : number(a) % by;
}

function toNumber(v: CelValue): number {
  if (typeof v === "number") return v;
  if (typeof v === "boolean") return v ? 1 : 0;
  // What Go's unicode.IsSpace takes for space.
  const s = text(v).replace(/^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g, "");
  if (!/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(s)) return noValue();
  const n = Number(s);
  return Number.isFinite(n) ? n : noValue();
}

function concat(v: CelValue): string {
  return list(v)
    .map((part) => {
      if (part === null) return "";
      if (typeof part === "number") return plain(part);
      return typeof part === "boolean" ? String(part) : text(part);
    })
    .join("");
}

/** Characters count from 0; `to` is behind the last one. */
function substr(s: CelValue, from: CelValue, to: CelValue): string {
  const runes = [...text(s)];
  const clamp = (n: number) => (Number.isNaN(n) ? noValue() : Math.trunc(Math.max(0, Math.min(n, runes.length))));
  const a = clamp(number(from));
  const b = clamp(number(to));
  return a > b ? "" : runes.slice(a, b).join("");
}

/** The Thai label of a choice: by question and name, undefined if there is none. */
export type ChoiceLabel = (question: string, name: string) => string | undefined;

function own(name: string, f: (a: CelValue) => CelInput): CelFunc {
  return celFunc(name, [DYN], DYN, f as (a: CelValue) => CelInput<typeof DYN>);
}

function own2(name: string, f: (a: CelValue, b: CelValue) => CelInput): CelFunc {
  return celFunc(name, [DYN, DYN], DYN, f as (a: CelValue, b: CelValue) => CelInput<typeof DYN>);
}

function ordered(op: string, holds: (order: number) => boolean): CelFunc {
  return celFunc(op, [STRING, STRING], BOOL, (a, b) => holds(compareText(a, b)));
}

/**
 * Names that refs.ts puts in place of parts of CEL which JavaScript's does
 * otherwise than Go's: there has() and `in` take a null for nothing there, and a
 * loop over the empty text is an error and no loop over nothing.
 */
export const ours = { has: "@has", in: "@within", range: "@range" } as const;

function has(v: CelValue, field: CelValue): boolean {
  if (isCelList(v)) return noValue();
  return isCelMap(v) && (v as CelMap).get(text(field)) !== undefined;
}

function within(v: CelValue, container: CelValue): boolean {
  if (isCelList(container)) return [...container].some((x) => same(x, v));
  if (!isCelMap(container)) return noValue();
  return [...container.keys()].some((k) => same(k, v));
}

function range(v: CelValue): CelInput {
  return v === "" || (v instanceof Uint8Array && v.length === 0) ? [] : v;
}

/** All functions of ours, and those of CEL that JavaScript does otherwise than Go. */
export function functions(label: ChoiceLabel): CelFunc[] {
  return [
    own("count", (v) => list(v).length),
    own("sum", fold(0, (a, b) => a + b)),
    own("min_of", fold(Infinity, Math.min)),
    own("max_of", fold(-Infinity, Math.max)),
    own2("selected", selected),
    own("count_selected", countSelected),
    own2("age_years", ages(12)),
    own2("age_months", ages(1)),
    own("days", (v) => toDays(day(v))),
    own2("date_add", dateAdd),
    own("trunc", (v) => Math.trunc(number(v))),
    own2("round", roundTo),
    own2("mod", modulo),
    own("number", toNumber),
    own("length", (v) => [...text(v)].length),
    own("concat", concat),
    own2("coalesce", (a, b) => (a === null ? b : a)),
    celFunc("substr", [DYN, DYN, DYN], DYN, substr as (a: CelValue, b: CelValue, c: CelValue) => CelInput<typeof DYN>),
    own2("choice_name", (answer, question) => label(text(question), text(answer)) ?? noValue()),
    own2(ours.has, has),
    own2(ours.in, within),
    own(ours.range, range),
    ordered("_<_", (order) => order < 0),
    ordered("_<=_", (order) => order <= 0),
    ordered("_>_", (order) => order > 0),
    ordered("_>=_", (order) => order >= 0),
  ];
}
