import type { Indicator, Text } from "./definition.js";
import { maxIndicators, setRef, type Indicators, type Outcome, type Result } from "./indicators.js";
import { maxWhole, roundHalf } from "./numbers.js";
import { isComplete, type Review } from "./review.js";
import { members } from "./values.js";

// Sums of many households: syncproto/survey/summary.go and numbers.go.

/** Where a household stands. The first three follow from its answers; the others are acts of people. */
export const states = ["not_started", "in_progress", "complete", "submitted", "returned", "approved"] as const;
export type State = (typeof states)[number];

/** The state of a record whose officers have said nothing. */
export function derivedState(r: Review, carried: boolean): State {
  if (carried || r.answered === 0) return "not_started";
  return isComplete(r) ? "complete" : "in_progress";
}

/** One household or village with everything that sums are made of. */
export interface Judged {
  readonly state: State;
  readonly complete: boolean;
  readonly persons: number; // records below
  readonly result: Result;
}

/** One indicator over many households. */
export interface Sums {
  readonly applicable: number;
  readonly failed: number;
  readonly pass: number; // households by verdict
  readonly fail: number;
  readonly na: number;
  readonly unanswered: number;
}

const sumKeys = ["applicable", "failed", "pass", "fail", "na", "unanswered"] as const;
const noSums: Sums = { applicable: 0, failed: 0, pass: 0, fail: 0, na: 0, unanswered: 0 };

/** What one outcome adds. */
export function sumsOf(o: Outcome): Sums {
  return { ...noSums, applicable: o.applicable, failed: o.failing, [o.verdict]: 1 };
}

function plus(a: Sums, b: Sums, sign: number): Sums {
  const out: Record<string, number> = {};
  for (const k of sumKeys) out[k] = a[k] + sign * b[k];
  return out as unknown as Sums;
}

/**
 * Adds up households. Sums are of whole numbers, so they are the same in
 * whatever order households come, and what was added can be taken away again.
 */
export class Tally {
  total = 0;
  complete = 0;
  persons = 0;
  readonly states = new Map<string, number>();
  readonly indicators = new Map<number, Sums>();
  readonly levels = new Map<number, number>();

  /** Counts one household. */
  add(j: Judged): void {
    this.count(j, 1);
  }

  /** Takes back what add of the same counted. */
  remove(j: Judged): void {
    this.count(j, -1);
  }

  private count(j: Judged, sign: number): void {
    this.total += sign;
    this.persons += sign * j.persons;
    if (j.complete) this.complete += sign;
    bump(this.states, j.state, sign);
    for (const o of j.result.outcomes) this.bumpSums(o.no, sumsOf(o), sign);
    if (j.result.level > 0) bump(this.levels, j.result.level, sign);
  }

  private bumpSums(no: number, s: Sums, sign: number): void {
    this.indicators.set(no, plus(this.indicators.get(no) ?? noSums, s, sign));
  }

  /** Adds another tally, or takes it away with sign -1. */
  merge(o: Tally, sign: 1 | -1): void {
    this.total += sign * o.total;
    this.complete += sign * o.complete;
    this.persons += sign * o.persons;
    for (const [s, n] of o.states) bump(this.states, s, sign * n);
    for (const [no, s] of o.indicators) this.bumpSums(no, s, sign);
    for (const [l, n] of o.levels) bump(this.levels, l, sign * n);
  }
}

function bump<K>(m: Map<K, number>, key: K, n: number): void {
  m.set(key, (m.get(key) ?? 0) + n);
}

/** One indicator of a summary. Percentages have two decimals and are of applicable; null where that is 0. */
export interface IndicatorLine {
  readonly no: number;
  readonly code: string;
  readonly name_th: string;
  readonly name_en: string;
  readonly dimension: number;
  readonly unit: string;
  readonly applicable: number;
  readonly failed: number;
  readonly passed: number;
  readonly percent: number | null;
  readonly failed_percent: number | null;
  readonly households: { readonly pass: number; readonly fail: number; readonly na: number; readonly unanswered: number };
}

/** The sums of one area in one round, in the keys of the office's summary. The caller adds area, round and time. */
export interface Summary {
  readonly form: string;
  readonly set: string;
  readonly persons: number;
  readonly households: Readonly<Record<"total" | "complete" | "not_started" | "in_progress" | "ready" | "submitted" | "returned" | "approved", number>>;
  readonly indicators: readonly IndicatorLine[];
  readonly levels?: Readonly<Record<string, number>>;
  readonly level_names?: Readonly<Record<string, Text>>;
}

/** Writes the tally with the names of the set's indicators. */
export function summary(t: Tally, x: Indicators): Summary {
  const state = (s: State) => t.states.get(s) ?? 0;
  const levels = x.set.levels ?? [];
  return {
    form: x.form.ref,
    set: x.set.name === "" ? "" : setRef(x.set),
    persons: t.persons,
    households: {
      total: t.total, complete: t.complete, not_started: state("not_started"), in_progress: state("in_progress"), ready: state("complete"),
      submitted: state("submitted"), returned: state("returned"), approved: state("approved"),
    },
    indicators: x.list.map((ind) => line(ind, t.indicators.get(ind.no) ?? noSums)),
    ...(levels.length > 0 && {
      levels: Object.fromEntries(levels.map((l) => [String(l.level), t.levels.get(l.level) ?? 0])),
      level_names: Object.fromEntries(levels.map((l) => [String(l.level), l.name])),
    }),
  };
}

function line(ind: Indicator, s: Sums): IndicatorLine {
  const passed = s.applicable - s.failed;
  return {
    no: ind.no, code: ind.code, name_th: ind.name.th, name_en: ind.name.en, dimension: ind.dimension ?? 0, unit: ind.unit,
    applicable: s.applicable, failed: s.failed, passed, percent: percent(passed, s.applicable), failed_percent: percent(s.failed, s.applicable),
    households: { pass: s.pass, fail: s.fail, na: s.na, unanswered: s.unanswered },
  };
}

function percent(n: number, of: number): number | null {
  return of === 0 ? null : roundHalf((n / of) * 10000) / 100;
}

/** A tally as the `numbers` of a `_village` record. */
export function numbersOf(t: Tally): Record<string, unknown> {
  const counts = (m: ReadonlyMap<string | number, number>) => Object.fromEntries([...m].filter(([, n]) => n !== 0));
  const indicators = [...t.indicators].map(([no, s]) => [no, sumKeys.map((k) => s[k])] as const).filter(([, list]) => list.some((n) => n !== 0));
  return {
    total: t.total, complete: t.complete, persons: t.persons, states: counts(t.states), levels: counts(t.levels),
    indicators: Object.fromEntries(indicators),
  };
}

/** Reads what numbersOf wrote, after a trip through CBOR or JSON; undefined for anything else. */
export function readNumbers(v: unknown): Tally | undefined {
  const all = members(v);
  if (all === undefined) return undefined;
  const m = new Map(all);
  const t = new Tally();
  try {
    t.total = whole(m.get("total"));
    t.complete = whole(m.get("complete"));
    t.persons = whole(m.get("persons"));
    for (const [s, n] of object(m.get("states"))) t.states.set(s, whole(n));
    for (const [l, n] of object(m.get("levels"))) t.levels.set(index(l), whole(n));
    for (const [no, list] of object(m.get("indicators"))) {
      if (!Array.isArray(list) || list.length !== sumKeys.length) return undefined;
      t.indicators.set(index(no), Object.fromEntries(sumKeys.map((k, i) => [k, whole(list[i])])) as unknown as Sums);
    }
  } catch (err) {
    if (err instanceof RangeError) return undefined;
    throw err;
  }
  return t;
}

function whole(v: unknown): number {
  const n = typeof v === "bigint" && v <= maxWhole ? Number(v) : v;
  if (typeof n !== "number" || !Number.isInteger(n) || n < 0 || n >= 2 ** 40) throw new RangeError("no count");
  return n;
}

function object(v: unknown): [string, unknown][] {
  const list = v === undefined || v === null ? [] : members(v);
  if (list === undefined || list.length > maxIndicators + 1) throw new RangeError("no object of counts");
  return list;
}

function index(s: string): number {
  if (!/^[1-9][0-9]{0,3}$/.test(s) || Number(s) > 1000) throw new RangeError("no number of an indicator");
  return Number(s);
}
