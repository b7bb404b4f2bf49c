import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as p from "../../src/protocol/index.js";
import { bytesOf } from "./view.js";

// The laws of merging, on states that stores reach by saving and exchanging,
// and what a merge keeps, said without vectors: an answer is alive where it is
// known and no save is known that replaced it knowingly. The laws alone are not
// enough: "keep everything, always" has them too.

const record = "01a1e230-a040-7a3e-9f10-5d2c8b41e607" as p.RecordID;
const groups = ["moo", "house_no", p.GroupLife, "ครัวเรือน"];

type Step =
  | { readonly kind: "save"; readonly by: number; readonly wall: number; readonly offset: number; readonly changes: readonly (readonly [string, number])[] }
  | { readonly kind: "exchange"; readonly by: number; readonly from: number };

const stores = 3;
const store = fc.nat(stores - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("save" as const),
    by: store,
    wall: fc.integer({ min: -2, max: 2 }),
    offset: fc.integer({ min: -1, max: 1 }),
    changes: fc.array(fc.tuple(fc.constantFrom(...groups), fc.nat(2)), { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant("exchange" as const), by: store, from: store }),
);

/** One save: what it wrote and which saves its author knew. */
interface Event {
  readonly dot: p.Dot;
  readonly changes: p.Changes;
  readonly seen: ReadonlySet<number>;
}

interface Store {
  readonly state: p.Record;
  readonly known: ReadonlySet<number>; // events
}

interface World {
  readonly stores: Store[];
  readonly events: Event[];
}

function play(steps: readonly Step[]): World {
  const empty: Store = { state: p.newRecord(record, "household"), known: new Set() };
  const w: World = { stores: Array.from({ length: stores }, () => empty), events: [] };
  for (const s of steps) {
    const own = w.stores[s.by]!;
    if (s.kind === "exchange") {
      const other = w.stores[s.from]!;
      w.stores[s.by] = { state: p.merge(own.state, other.state), known: new Set([...own.known, ...other.known]) };
      continue;
    }
    const actor = `${"0".repeat(31)}${s.by + 1}` as p.ActorID;
    const changes = new Map(s.changes.map(([group, n]) => [group, group === p.GroupLife ? p.newValue(n > 0) : p.newValue(n)]));
    const dot = { actor, counter: p.counterOf(own.state.vv, actor) + 1 };
    const state = p.save(own.state, { dot, wall: s.wall, context: { ...p.NoContext, offset: s.offset } }, changes);
    if (!changes.has(p.GroupLife)) changes.set(p.GroupLife, p.True);
    w.events.push({ dot, changes, seen: own.known });
    w.stores[s.by] = { state, known: new Set([...own.known, w.events.length - 1]) };
  }
  return w;
}

const worlds = fc.array(step, { minLength: 1, maxLength: 25 }).map(play);
const hex = (r: p.Record): string => p.toHex(p.encodeRecord(r));

/** What must be alive of what is known, group by group. */
function alive(w: World, known: ReadonlySet<number>): string[] {
  const out: string[] = [];
  for (const i of known) {
    const e = w.events[i]!;
    for (const [group, value] of e.changes) {
      const replaced = [...known].some((k) => w.events[k]!.changes.has(group) && w.events[k]!.seen.has(i));
      if (!replaced) out.push(`${group} ${p.dotKey(e.dot)} ${p.toHex(value)}`);
    }
  }
  return out.sort();
}

function holds(r: p.Record): string[] {
  return [...r.groups].flatMap(([group, entries]) => entries.map((e) => `${group} ${p.dotKey(e.dot)} ${p.toHex(e.value)}`)).sort();
}

function check(property: (w: World, a: p.Record, b: p.Record, c: p.Record) => void): void {
  fc.assert(
    fc.property(worlds, (w) => {
      const [a, b, c] = w.stores.map((s) => s.state) as [p.Record, p.Record, p.Record];
      property(w, a, b, c);
    }),
    { numRuns: 400 },
  );
}

describe("merge", () => {
  test("is commutative", () => {
    check((_, a, b) => expect(hex(p.merge(a, b))).toBe(hex(p.merge(b, a))));
  });

  test("is associative", () => {
    check((_, a, b, c) => expect(hex(p.merge(p.merge(a, b), c))).toBe(hex(p.merge(a, p.merge(b, c)))));
  });

  test("is idempotent, and merging in what was merged changes nothing", () => {
    check((_, a, b) => {
      expect(hex(p.merge(a, a))).toBe(hex(a));
      const m = p.merge(a, b);
      expect(hex(p.merge(m, b))).toBe(hex(m));
      expect(hex(p.merge(a, m))).toBe(hex(m));
    });
  });

  test("gives the state that has seen all of the other", () => {
    check((_, a, b) => {
      if (p.dominates(a.vv, b.vv)) expect(hex(p.merge(a, b))).toBe(hex(a));
    });
  });

  test("keeps what nobody replaced knowingly, and nothing else", () => {
    check((w) => {
      for (const s of w.stores) expect(holds(s.state)).toEqual(alive(w, s.known));
    });
  });

  test("changes neither side", () => {
    check((_, a, b) => {
      const before = [hex(a), hex(b)];
      p.merge(a, b);
      expect([hex(a), hex(b)]).toEqual(before);
    });
  });

  test("holds no save without an answer and none above the vector, and can be read again", () => {
    check((_, a, b) => {
      const m = p.merge(a, b);
      if (m.vv.length > 0) expect(hex(p.decodeRecord(bytesOf(hex(m))))).toBe(hex(m));
      for (const op of m.ops) expect(p.covers(m.vv, op.dot)).toBe(true);
    });
  });
});

test("a moved save is the same save under another name", () => {
  const to = "d".repeat(32) as p.ActorID;
  check((_, a) => {
    const from = `${"0".repeat(31)}1` as p.ActorID;
    const moved = p.redot(a, from, 0, to, (old) => old);
    const back = p.redot(moved, to, 0, from, (old) => old);
    expect(p.counterOf(moved.vv, from)).toBe(0);
    expect(holds(moved)).toEqual(holds(a).map((e) => e.replace(from, to)).sort());
    expect(holds(back)).toEqual(holds(a));
  });
});
