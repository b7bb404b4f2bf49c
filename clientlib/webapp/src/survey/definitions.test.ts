import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Catalog, DefinitionError, loadForm, overlaps, readNumbers, roundOf, roundValues, type Round } from "./index.js";

const read = (path: string) => readFileSync(new URL(`../../../../syncproto/survey/${path}`, import.meta.url), "utf8");
const label = { th: "ก", en: "A" };

function form(question: object): string {
  const questions = [{ name: "n", type: "decimal", label }, { name: "c", type: "calculate", label, ...question }];
  return JSON.stringify({ name: "f", version: 1, title: label, record_types: [{ name: "r", label, questions }] });
}

describe("a definition that this app cannot follow is refused", () => {
  it.each([
    ["an unknown type", { type: "hologram" }, "unknown type"],
    ["an unknown key", { calculation: "n", colour: "red" }, "unknown key"],
    ["an unknown function", { calculation: "median([n])" }, "median()"],
    ["an unknown question", { calculation: "m + 1.0" }, "there is no m"],
    ["a circle", { calculation: "c + n" }, "depends on itself"],
    ["no expression", { calculation: "n +" }, "r.c.calculation"],
    ["a long expression", { calculation: `n == ${"1".repeat(5000)}.0` }, "longer than"],
    ["a deep expression", { calculation: "(".repeat(2000) + "n" + ")".repeat(2000) }, "r.c.calculation"],
  ])("%s", (_, question, why) => {
    expect(() => loadForm(form(question))).toThrow(DefinitionError);
    expect(() => loadForm(form(question))).toThrow(why);
  });

  it.each([["no JSON", "{"], ["a list", "[]"], ["too long", " ".repeat(5 << 20)]])("%s", (_, json) => {
    expect(() => loadForm(json)).toThrow(DefinitionError);
  });

  it("but names that JavaScript has are names", () => {
    expect(loadForm(form({ calculation: "coalesce(n, 1.0)", name: "constructor" })).ref).toBe("f@1");
  });
});

describe("rounds", () => {
  const catalog = new Catalog();
  for (const name of ["bmn-2560", "nrd2c-2560"]) catalog.add(read(`forms/${name}.json`));
  const round = (id: string, open: boolean, areas: string[], name = "bmn-2560@1"): Round =>
    roundOf(id, { title: id, form: name, areas, reference_date: "2020-01-01", state: open ? "open" : "closed" });

  it("a record belongs to the only open one of its area whose form has its type", () => {
    const rounds = [round("a", true, ["341301"]), round("b", true, ["341302"]), round("c", true, ["34"], "nrd2c-2560@1"), round("d", false, ["34"])];
    expect(catalog.roundFor(rounds, "household", "34130105", "").found?.id).toBe("a");
    expect(catalog.roundFor(rounds, "household", "34139905", "").found?.id).toBe("d");
    expect(catalog.roundFor(rounds, "household", "35130105", "").found).toBeUndefined();
    expect(catalog.roundFor([...rounds, round("e", true, ["3413"])], "household", "34130105", "").candidates.length).toBe(2);
    expect(catalog.roundFor(rounds, "village", "34130105", "nrd2c-2560").found?.id).toBe("c");
  });

  it("are read from their record and written again", () => {
    const values = { title: "t", form: "bmn-2560@1", areas: ["34"], reference_date: "2020-01-01", state: "open", set: "bmn-2560@1", closes: "2020-06-30" };
    const r = roundOf("x", { ...values, previous: Uint8Array.from({ length: 16 }, (_, i) => i) });
    expect(roundValues(r)).toEqual(values);
    expect(r.previous).toBe("00010203-0405-0607-0809-0a0b0c0d0e0f");
    expect(overlaps(r, "3")).toBe(true);
    expect(roundOf("y", { areas: "34", title: 7 }).areas).toEqual([]);
  });
});

it("numbers of a village are read strictly", () => {
  const good = { total: 2, complete: 1, persons: 5n, states: { complete: 1 }, levels: { "1": 1 }, indicators: { "3": [1, 0, 1, 0, 0, 0] } };
  expect(readNumbers(good)?.persons).toBe(5);
  for (const bad of [null, {}, { ...good, total: -1 }, { ...good, total: 1.5 }, { ...good, levels: { "01": 1 } }, { ...good, indicators: { "3": [1] } }]) {
    expect(readNumbers(bad)).toBeUndefined();
  }
});
