// Days as numbers, without the clock or the time zone of the machine.

/** Days since 1970-01-01 of the civil calendar, of any year. */
export interface Day {
  readonly year: number;
  readonly month: number; // 1–12
  readonly day: number;
}

function leap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

export function daysIn(year: number, month: number): number {
  if (month === 2) return leap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function digits(s: string): number {
  return Number(s);
}

/** Reads exactly YYYY-MM-DD, YYYY-MM or YYYY; a missing part is 1. undefined: no such day. */
export function readDay(s: string): Day | undefined {
  const m = /^([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?$/.exec(s);
  if (!m) return undefined;
  const year = digits(m[1]!);
  const month = m[2] === undefined ? 1 : digits(m[2]);
  const day = m[3] === undefined ? 1 : digits(m[3]);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  return { year, month, day };
}

/** Reads a date as expressions do: of a partial one its first day, of a date and time its day. */
export function parseDate(s: string): Day | undefined {
  return readDay(s[10] === "T" ? s.slice(0, 10) : s);
}

/** Days since 1970-01-01. */
export function toDays(d: Day): number {
  const y = d.month <= 2 ? d.year - 1 : d.year;
  const era = Math.floor(y / 400);
  const yoe = y - era * 400;
  const doy = Math.floor((153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5) + d.day - 1;
  return era * 146097 + yoe * 365 + Math.floor(yoe / 4) - Math.floor(yoe / 100) + doy - 719468;
}

export function fromDays(n: number): Day {
  const z = n + 719468;
  const era = Math.floor(z / 146097);
  const doe = z - era * 146097;
  const yoe = Math.floor((doe - Math.floor(doe / 1460) + Math.floor(doe / 36524) - Math.floor(doe / 146096)) / 365);
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  return { year: yoe + era * 400 + (month <= 2 ? 1 : 0), month, day: doy - Math.floor((153 * mp + 2) / 5) + 1 };
}

/** Writes a day as ISO does. */
export function writeDay(d: Day): string {
  const year = (d.year < 0 ? "-" : "") + String(Math.abs(d.year)).padStart(4, "0");
  return `${year}-${String(d.month).padStart(2, "0")}-${String(d.day).padStart(2, "0")}`;
}

/** How many whole spans of so many months lie between two days; below zero if the first is later. */
export function fullMonths(from: Day, to: Day, each: number): number {
  let months = (to.year - from.year) * 12 + to.month - from.month;
  if (to.day < from.day) months--;
  return Math.floor(months / each);
}

/** Whether s is a time of day, 07:30 or 07:30:15. */
export function isTime(s: string): boolean {
  const m = /^([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]+)?)?$/.exec(s);
  return m !== null && digits(m[1]!) < 24 && digits(m[2]!) < 60 && digits(m[3] ?? "0") < 60;
}

/** Whether s is a date and time with its offset, RFC 3339. */
export function isDateTime(s: string): boolean {
  const m = /^([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?)(?:Z|[+-]([0-9]{2}):([0-9]{2}))$/.exec(s);
  return m !== null && readDay(m[1]!) !== undefined && isTime(m[2]!) && digits(m[3] ?? "0") <= 24 && digits(m[4] ?? "0") <= 60;
}
