// Numbers as text and rounded, the same as in Go.

/** Beyond this whole numbers cannot be told from their neighbours. */
export const maxWhole = 2 ** 53;

/** Rounds half away from zero, as Go's math.Round does; JavaScript's own goes up. */
export function roundHalf(n: number): number {
  const whole = Math.trunc(n);
  return Math.abs(n - whole) >= 0.5 ? whole + Math.sign(n) : whole;
}

/** Writes a number in full, never as 1e+21. */
export function plain(n: number): string {
  if (n === Infinity) return "+Inf";
  if (n === -Infinity) return "-Inf";
  if (Object.is(n, -0)) return "-0";
  const s = String(n);
  const at = s.indexOf("e");
  if (at < 0) return s;
  const sign = s.startsWith("-") ? "-" : "";
  const [whole = "", fraction = ""] = s.slice(sign.length, at).split(".");
  const digits = whole + fraction;
  const point = whole.length + Number(s.slice(at + 1));
  if (point <= 0) return sign + "0." + "0".repeat(-point) + digits;
  return sign + digits.padEnd(point, "0");
}

/** Writes a number as people do: 38,000 and at most two decimals. */
export function grouped(n: number): string {
  const s = plain(roundHalf(n * 100) / 100);
  const [whole = "", fraction] = s.split(".");
  const withCommas = whole.replace(/\B(?=(?:\d{3})+$)/g, ",");
  return fraction === undefined ? withCommas : withCommas + "." + fraction;
}
