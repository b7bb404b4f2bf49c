import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";
import {
  Catalog, checkRecord, countProblems, derivedState, isComplete, mask, numbersOf, pack, readNumbers, review, summary, Tally, unpack,
  type Entry, type Form, type Outcome, type Problem, type Review,
} from "./index.js";

// Random households on random forms, judged by Go and here: everything that
// comes out must be the same. JUDGES_SEED, JUDGES_RUNS and JUDGES_CASES run
// other and more cases; a failure names the seed and the case.

const root = new URL("../../../../", import.meta.url);
const firstSeed = Number(process.env.JUDGES_SEED ?? 1);
const runs = Number(process.env.JUDGES_RUNS ?? 2);
const cases = Number(process.env.JUDGES_CASES ?? 900);

interface Line {
  definition?: string;
  case?: Case;
  sums?: { form: string; set: string; summary: object; numbers: object };
}

interface Case {
  form: string;
  set: string;
  type: string;
  entry: Entry;
  reference: string;
  carried: boolean;
  alone: Problem[] | null;
  groups: Record<string, unknown>;
  flat: Record<string, unknown>;
  changes: Record<string, unknown>;
  packed: Record<string, unknown>;
  masked: Record<string, unknown>;
}

it.each(Array.from({ length: runs }, (_, i) => firstSeed + i))("judges as Go does, seed %i", { timeout: 300_000 }, async (seed) => {
  const catalog = new Catalog();
  const tallies = new Map<string, Tally>();
  let count = 0;
  for await (const text of linesOf(seed)) {
    const line = JSON.parse(text) as Line;
    if (line.definition !== undefined) catalog.add(line.definition);
    if (line.case) {
      count++;
      same(ours(catalog, tallies, line.case, count), theirs(line.case), `seed ${seed}, case ${count}, form ${line.case.form}`);
    }
    if (line.sums) {
      const t = tallies.get(line.sums.form) ?? new Tally();
      const got = { ...line.sums.summary, ...summary(t, catalog.indicators(line.sums.form, line.sums.set)) };
      same(plainData(got), line.sums.summary, `seed ${seed}, summary of ${line.sums.form}`);
      same(plainData(numbersOf(t)), line.sums.numbers, `seed ${seed}, numbers of ${line.sums.form}`);
      same(plainData(numbersOf(readNumbers(line.sums.numbers)!)), line.sums.numbers, `seed ${seed}, numbers read again`);
    }
  }
  expect(count).toBe(cases);
});

async function* linesOf(seed: number): AsyncGenerator<string> {
  const go = spawn(process.env.GO ?? "go", ["run", "./cmd/tambonsim/judges", "-seed", String(seed), "-cases", String(cases)], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  const done = new Promise<number | null>((resolve, reject) => go.once("error", reject).once("close", resolve));
  yield* createInterface({ input: go.stdout, crlfDelay: Infinity });
  expect(await done).toBe(0);
}

/** Everything that is concluded from a case here, in the keys of Go's. */
function ours(catalog: Catalog, tallies: Map<string, Tally>, c: Case, n: number): object {
  const x = catalog.indicators(c.form, c.set);
  const type = x.form.type(x.recordType)!;
  const r = review(x.form, c.type, n % 2 === 0 ? c.entry : asDecoded(c.entry), c.reference);
  const result = x.outcomes(r);
  const state = derivedState(r, c.carried);
  const persons = Object.values(r.children).flat().length;
  const t = tallies.get(c.form) ?? new Tally();
  tallies.set(c.form, t);
  t.add({ state, complete: isComplete(r), persons, result });
  return plainData({
    review: asData(x.form, r), complete: isComplete(r), count: countProblems(r), state,
    result: { outcomes: result.outcomes.map(withoutEmpty), ...(result.level > 0 && { level: result.level }) },
    alone: checkRecord(x.form, c.type, c.entry.values), flat: unpack(type, c.groups), packed: pack(type, c.flat, c.changes), masked: mask(type, c.flat),
  }) as object;
}

/** What Go concluded: Go writes a list of nothing as null. */
function theirs(c: Case): object {
  const { review, complete, count, state, result, flat, packed, masked } = c as Case & Record<string, unknown>;
  return { review: withLists(review as object), complete, count, state, result, alone: c.alone ?? [], flat, packed, masked };
}

function withLists(r: object): object {
  const { missing, problems, children } = r as { missing: unknown; problems: unknown; children: Record<string, object[]> };
  const below = Object.fromEntries(Object.entries(children).map(([k, list]) => [k, list.map(withLists)]));
  return { ...r, missing: missing ?? [], problems: problems ?? [], children: below };
}

function asData(form: Form, r: Review): object {
  const asked = (form.type(r.type)?.questions ?? []).map((q) => q.name).filter((q) => r.asked.has(q));
  const children = Object.fromEntries(Object.entries(r.children).map(([k, list]) => [k, list.map((x) => asData(form, x))]));
  return { type: r.type, values: r.values, asked, answered: r.answered, missing: r.missing, problems: r.problems, children };
}

function withoutEmpty(o: Outcome): object {
  const { no, verdict, applicable, failing, score, reason, unanswered, excess } = o;
  return {
    no, verdict, applicable, failing, ...(score > 0 && { score }), ...(reason && { reason }), ...(unanswered.length > 0 && { unanswered }), ...(excess && { excess }),
  };
}

/** The entry as another decoder may give it: Maps for objects, other orders, bigints for some whole numbers. */
function asDecoded(e: Entry): Entry {
  const children = Object.fromEntries(Object.entries(e.children ?? {}).map(([k, list]) => [k, list.map(asDecoded)]));
  return { values: decoded(e.values) as ReadonlyMap<string, unknown>, children, today: e.today ?? "" };
}

function decoded(v: unknown): unknown {
  if (Array.isArray(v)) return v.map(decoded);
  if (typeof v === "object" && v !== null) return new Map(Object.entries(v).reverse().map(([k, x]) => [k, decoded(x)]));
  return typeof v === "number" && Number.isSafeInteger(v) && v % 3 === 0 && !Object.is(v, -0) ? BigInt(v) : v;
}

/** Plain JSON values, keys in order, -0 kept. */
function plainData(v: unknown): unknown {
  if (Array.isArray(v)) return v.map(plainData);
  if (typeof v !== "object" || v === null) return v;
  return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, plainData(x)]));
}

/** Compares quickly, and says the first difference. */
function same(got: unknown, want: unknown, where: string): void {
  const difference = differ(got, want, "");
  if (difference !== undefined) expect.fail(`${where}: ${difference}`);
}

function differ(got: unknown, want: unknown, at: string): string | undefined {
  if (Object.is(got, want)) return undefined;
  const both = typeof got === "object" && got !== null && typeof want === "object" && want !== null && Array.isArray(got) === Array.isArray(want);
  if (!both) return `${at}: got ${JSON.stringify(got)}, Go says ${JSON.stringify(want)}`;
  const a = got as Record<string, unknown>;
  const b = want as Record<string, unknown>;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (!Object.hasOwn(a, key) || !Object.hasOwn(b, key)) return `${at}.${key}: got ${JSON.stringify(a[key])}, Go says ${JSON.stringify(b[key])}`;
    const found = differ(a[key], b[key], `${at}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
