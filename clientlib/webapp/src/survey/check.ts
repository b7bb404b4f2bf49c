import { hasThaiDigit, validCitizenId } from "./citizen.js";
import { isDateTime, isTime, readDay } from "./dates.js";
import type { Choice, Column, QuestionType, Text } from "./definition.js";
import { maxWhole } from "./numbers.js";
import { between, say, wrongType, type Fault } from "./sentences.js";
import { compareText, members, numberOf, utf8Length } from "./values.js";

// Judging one answer by its type alone: syncproto/survey/check.go.

/** What an answer is checked against: a question, or a column of one. */
export interface Checked {
  readonly type: QuestionType;
  readonly choices: readonly Choice[];
  readonly rows: readonly Choice[];
  readonly columns: readonly Column[];
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly partial: boolean;
}

/** Judges an answer as it was stored; undefined: nothing wrong. */
export function checkAnswer(q: Checked, v: unknown): Fault | undefined {
  switch (q.type) {
    case "int":
    case "money":
    case "decimal":
      return checkNumber(q, v);
    case "geopoint":
      return checkGeopoint(v);
    case "bool":
      return typeof v === "boolean" ? undefined : wrongType(q.type);
    case "multi":
      return checkMulti(q, v);
    case "count_table":
    case "table":
      return checkTable(q, v);
    case "note":
    case "calculate":
      return undefined;
  }
  return typeof v === "string" ? checkText(q, v) : wrongType(q.type);
}

function checkText(q: Checked, s: string): Fault | undefined {
  switch (q.type) {
    case "choice":
      return has(q.choices, s) ? undefined : { code: "bad_choice", say: say.bad_choice };
    case "thai_id":
      return fault("bad_citizen_id", checkCitizenId(s));
    case "date":
      return fault("bad_date", checkDate(s, q.partial));
    case "time":
      return isTime(s) ? undefined : wrongType(q.type);
    case "datetime":
      return isDateTime(s) ? undefined : wrongType(q.type);
    default:
      return undefined;
  }
}

function fault(code: Fault["code"], text: Text | undefined): Fault | undefined {
  return text === undefined ? undefined : { code, say: text };
}

function has(list: readonly Choice[], name: string): boolean {
  return list.some((c) => c.name === name);
}

function checkMulti(q: Checked, v: unknown): Fault | undefined {
  if (!Array.isArray(v)) return wrongType(q.type);
  const seen = new Set<string>();
  for (const name of v as unknown[]) {
    if (typeof name !== "string") return wrongType(q.type);
    if (!has(q.choices, name) || seen.has(name)) return { code: "bad_choice", say: say.bad_choices };
    seen.add(name);
  }
  return undefined;
}

const badRow: Fault = { code: "bad_choice", say: say.bad_row };
const countColumns: readonly Column[] = [{ name: "", type: "int", label: say.bad_row, min: 0 }];

/** Wants an object by row; of a table each holds an object by column. An empty cell is no answer. */
function checkTable(q: Checked, v: unknown): Fault | undefined {
  const rows = members(v);
  if (rows === undefined) return wrongType(q.type);
  for (const [row, cell] of byName(rows)) {
    if (!has(q.rows, row)) return badRow;
    const cells = q.type === "table" ? cellsOf(cell) : ([["", cell]] as [string, unknown][]);
    if (cells === undefined) return wrongType(q.type);
    const wrong = checkCells(q.type === "table" ? q.columns : countColumns, cells);
    if (wrong) return wrong;
  }
  return undefined;
}

function cellsOf(v: unknown): [string, unknown][] | undefined {
  return v === null || v === undefined ? [] : members(v);
}

/** In order, so that every runtime finds the same problem first. */
function byName(list: [string, unknown][]): [string, unknown][] {
  return list.sort(([a], [b]) => compareText(a, b));
}

function checkCells(columns: readonly Column[], cells: [string, unknown][]): Fault | undefined {
  for (const [name, v] of byName(cells)) {
    const c = columns.find((x) => x.name === name);
    if (c === undefined) return badRow;
    if (v === null || v === undefined) continue;
    const wrong = checkAnswer({ type: c.type, choices: [], rows: [], columns: [], min: c.min, max: c.max, partial: false }, v);
    if (wrong) return wrong;
  }
  return undefined;
}

function checkNumber(q: Checked, v: unknown): Fault | undefined {
  const n = numberOf(v);
  if (n === undefined || (q.type === "int" && !Number.isInteger(n))) return wrongType(q.type);
  const low = q.min !== undefined && n < q.min;
  const high = q.max !== undefined && n > q.max;
  if (low || high || Math.abs(n) > maxWhole) return { code: "out_of_range", say: between(say.range, q.min, q.max) };
  return undefined;
}

const places: readonly { key: string; min: number; max: number; needed: boolean }[] = [
  { key: "lat", min: -90, max: 90, needed: true },
  { key: "lon", min: -180, max: 180, needed: true },
  { key: "acc", min: 0, max: maxWhole, needed: false },
  { key: "alt", min: -maxWhole, max: maxWhole, needed: false },
];

/** Wants {lat, lon}; acc and alt may be missing, other keys are not looked at. */
function checkGeopoint(v: unknown): Fault | undefined {
  const list = members(v);
  if (list === undefined) return wrongType("geopoint");
  const point = new Map(list);
  let outside = false;
  for (const b of places) {
    const x = point.get(b.key) ?? null;
    if (x === null && !b.needed) continue;
    const n = numberOf(x);
    if (n === undefined) return wrongType("geopoint");
    outside ||= n < b.min || n > b.max;
  }
  return outside ? { code: "out_of_range", say: say.bad_position } : undefined;
}

function checkCitizenId(s: string): Text | undefined {
  if (validCitizenId(s)) return undefined;
  if (hasThaiDigit(s)) return say.thai_digits_in_id;
  return /^[0-9]{13}$/.test(s) ? say.check_digit : say.id_shape;
}

// A year in the B.E. range is a C.E. year plus 543 that was typed as it is
// shown; nobody surveyed was born before firstYear.
const firstYear = 1800;
const firstBEYear = 2400;
const lastBEYear = 2600;

/** What is wrong with a date; undefined: nothing. */
export function checkDate(s: string, partial: boolean): Text | undefined {
  if (hasThaiDigit(s)) return say.thai_digits_in_date;
  const shape = partial ? say.date_shape_partial : say.date_shape;
  if (!/^[0-9]{4}(?:-|$)/.test(s)) return shape;
  const year = Number(s.slice(0, 4));
  if (year >= firstBEYear && year <= lastBEYear) return say.be_year;
  if (!(partial ? [10, 7, 4] : [10]).includes(utf8Length(s))) return shape;
  if (readDay(s) === undefined || year < firstYear || year > lastBEYear) return say.no_such_day;
  return undefined;
}

/** Whether s is a whole day, ISO and C.E. */
export function validDay(s: string): boolean {
  return checkDate(s, false) === undefined;
}
