import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Catalog, review, type Entry, type Outcome } from "./index.js";

// testdata/indicators: cases whose right outcomes were worked out by hand.

const root = new URL("../../../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");

interface GoldenCase {
  name: string;
  no?: number; // missing: the case is about the level
  reference_date?: string;
  household?: Record<string, unknown>;
  village?: Record<string, unknown>;
  members?: Record<string, unknown>[];
  want: { verdict: string; applicable?: number; failing?: number; score?: number; level?: number; reason?: { th: string; en: string } };
}

const catalog = new Catalog();
for (const name of ["bmn-2560", "bmn-2565", "nrd2c-2560"]) {
  catalog.add(read(`syncproto/survey/forms/${name}.json`));
  catalog.add(read(`syncproto/survey/sets/${name}.json`));
}

describe.each(["bmn-2560", "nrd2c-2560"])("golden cases of %s", (file) => {
  const g = JSON.parse(read(`testdata/indicators/${file}.json`)) as { form: string; set: string; reference_date: string; cases: GoldenCase[] };
  const indicators = catalog.indicators(g.form, g.set);

  it.each(g.cases.map((c) => [c.name, c] as const))("%s", (_, c) => {
    const entry: Entry = {
      values: c.village ?? c.household ?? {},
      children: c.members ? { member: c.members.map((values) => ({ values })) } : {},
      today: "2020-03-31",
    };
    const r = review(indicators.form, indicators.recordType, entry, c.reference_date ?? g.reference_date);
    const result = indicators.outcomes(r);
    if (c.no === undefined) {
      expect(result.level).toBe(c.want.level ?? 0);
      return;
    }
    const o = result.outcomes.find((x) => x.no === c.no) as Outcome;
    const { verdict, applicable = 0, failing = 0, score = 0, reason } = c.want;
    expect(o).toMatchObject({ verdict, applicable, failing, score });
    if (reason) expect(o.reason).toEqual(reason);
    expect(o.unanswered.length > 0).toBe(o.verdict === "unanswered");
  });
});
