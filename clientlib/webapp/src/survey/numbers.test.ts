import { expect, it } from "vitest";
import { grouped, plain, roundHalf } from "./numbers.js";

it("rounds half away from zero", () => {
  const cases: [number, number][] = [[0.5, 1], [-0.5, -1], [2.5, 3], [-2.5, -3], [0.49999999999999994, 0], [4503599627370497.5, 4503599627370498]];
  for (const [n, want] of cases) expect(roundHalf(n)).toBe(want);
});

it("writes numbers in full", () => {
  const cases: [number, string][] = [[1e21, "1000000000000000000000"], [-1.5e-7, "-0.00000015"], [-0, "-0"], [0.1, "0.1"], [1.25e22, "12500000000000000000000"]];
  for (const [n, want] of cases) expect(plain(n)).toBe(want);
});

it("groups numbers as people do", () => {
  const cases: [number, string][] = [[38000, "38,000"], [-1234567.891, "-1,234,567.89"], [-123, "-123"], [999.995, "1,000"], [0, "0"]];
  for (const [n, want] of cases) expect(grouped(n)).toBe(want);
});
