import { answer, type Answers } from "./values.js";

// Rounds: syncproto/survey/round.go. Which round a record belongs to is found
// by Catalog.roundFor.

/** The system's own record types. */
export const recordTypeRound = "_round";
export const recordTypeVillage = "_village";

/** One survey of some areas: which form, which indicators, and the day at which ages count. */
export interface Round {
  readonly id: string; // the record
  readonly title: string;
  readonly form: string; // "bmn-2560@1"
  readonly set: string; // "" for none
  readonly areas: readonly string[]; // with everything below them
  readonly referenceDate: string; // ISO
  readonly opens: string; // ISO days, or ""
  readonly closes: string;
  readonly open: boolean;
  readonly previous: string; // the round it was carried forward from, or ""
}

/** Reads a round from the answers of its record. Answers of a wrong type are left out; such a round covers nothing. */
export function roundOf(id: string, values: Answers): Round {
  const text = (key: string) => {
    const v = answer(values, key);
    return typeof v === "string" ? v : "";
  };
  const areas = answer(values, "areas");
  return {
    id, title: text("title"), form: text("form"), set: text("set"), referenceDate: text("reference_date"), opens: text("opens"),
    closes: text("closes"), open: text("state") === "open", previous: uuidText(answer(values, "previous")),
    areas: Array.isArray(areas) ? areas.filter((a): a is string => typeof a === "string") : [],
  };
}

function uuidText(v: unknown): string {
  if (!(v instanceof Uint8Array) || v.length !== 16) return "";
  const hex = Array.from(v, (b) => b.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** The answers of the round's record but for previous, which is a reference to a record. */
export function roundValues(r: Round): Record<string, unknown> {
  return {
    title: r.title, form: r.form, areas: [...r.areas], reference_date: r.referenceDate, state: r.open ? "open" : "closed",
    ...(r.set !== "" && { set: r.set }), ...(r.opens !== "" && { opens: r.opens }), ...(r.closes !== "" && { closes: r.closes }),
  };
}

/** Whether an area lies in the round. */
export function covers(r: Round, code: string): boolean {
  return r.areas.some((a) => code.startsWith(a));
}

/** Whether an area and the round have something in common. */
export function overlaps(r: Round, code: string): boolean {
  return r.areas.some((a) => code.startsWith(a) || a.startsWith(code));
}
