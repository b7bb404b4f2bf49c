// Citizen ids: their check digit, and how much of them a list shows.

/** The 13th digit that belongs to the first twelve; undefined unless they are twelve digits 0–9. */
export function citizenCheckDigit(first12: string): string | undefined {
  if (!/^[0-9]{12}$/.test(first12)) return undefined;
  let sum = 0;
  for (let i = 0; i < 12; i++) sum += Number(first12[i]) * (13 - i);
  return String((11 - (sum % 11)) % 10);
}

/** Whether id is 13 digits 0–9 whose last fits the others: no dashes, spaces or Thai digits. */
export function validCitizenId(id: string): boolean {
  return id.length === 13 && citizenCheckDigit(id.slice(0, 12)) === id[12];
}

/** The mask of what is no plain run of digits, or so short that its end would tell too much. */
export const hiddenId = "x-xxxx-xxxxx-xx-x";

/** The id with only its last three digits readable. */
export function maskCitizenId(id: string): string {
  if (id === "") return "";
  const digits = id.replace(/[- ]/g, "").replace(/[๐-๙]/g, (d) => String(d.charCodeAt(0) - 0x0e50));
  if (!/^[0-9]{10,13}$/.test(digits)) return hiddenId;
  const end = digits.slice(-3);
  if (digits.length === 13) return `x-xxxx-xxxxx-${end.slice(0, 2)}-${end.slice(2)}`;
  return "x".repeat(digits.length - 3) + end;
}

export function hasThaiDigit(s: string): boolean {
  return /[๐-๙]/.test(s);
}
