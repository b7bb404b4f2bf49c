import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as p from "../../src/protocol/index.js";
import { bytesOf } from "./view.js";

// What the vectors and the random cases are too small to meet.

const id = "01a1e230-a040-7a3e-9f10-5d2c8b41e607" as p.RecordID;
const actor = "a1".repeat(16) as p.ActorID;

/** A saved household with these answers. */
function saved(changes: readonly (readonly [string, p.Value])[], context: p.Context = p.NoContext): p.Record {
  return p.save(p.newRecord(id, "household"), { dot: { actor, counter: 1 }, wall: 0, context }, new Map(changes));
}

const actors = (n: number): p.Dot[] => Array.from({ length: n }, (_, i) => ({ actor: (i + 1).toString(16).padStart(32, "0") as p.ActorID, counter: 1 }));

/** A record with n answers of n stores in one group, or in groups of at most 1024. */
function crowd(n: number, perGroup: number): p.Record {
  const vv = actors(n);
  const groups = new Map<string, p.Entry[]>();
  vv.forEach((dot, i) => {
    const name = `g${Math.floor(i / perGroup)}`;
    groups.set(name, [...(groups.get(name) ?? []), { dot, value: p.True }]);
  });
  const ops = vv.map((dot): p.Op => ({ dot, wall: 0, hash: p.NoHash8, context: p.NoContext }));
  return { id, type: "household", vv, ops, groups };
}

/** How many bytes a text value needs so that the record or context around it has n. */
function filled(n: number, size: (s: string) => number): string {
  let s = "x".repeat(n / 2);
  s = "x".repeat(s.length + n - size(s));
  expect(size(s)).toBe(n);
  return s;
}

describe("records are bounded", () => {
  const texts = (s: string): [string, p.Value][] => [0, 1, 2, 3, 4].map((i) => [`g${i}`, p.textValue(i < 4 ? "y".repeat(100_000) : s)]);
  const largest = filled(p.MaxRecordBytes, (s) => p.encodeRecord(saved(texts(s))).length).length;
  const context = (n: number): p.Record => saved([], { ...p.NoContext, reason: "x".repeat(n) });
  test.each<[string, number, (n: number) => p.Record]>([
    ["bytes", largest, (n) => saved(texts("x".repeat(n)))],
    ["bytes of an answer", p.MaxValueBytes, (n) => saved([["g", p.textValue("x".repeat(n - 5))]])],
    ["bytes of a group's name", p.MaxNameBytes, (n) => saved([["x".repeat(n), p.True]])],
    ["bytes of a type", p.MaxNameBytes, (n) => ({ ...saved([]), type: "x".repeat(n) })],
    ["bytes of a context", p.MaxContextBytes - 6, (n) => context(n)],
    ["keys of a context", p.MaxContextKeys, (n) => saved([], { ...p.NoContext, extra: new Map(Array.from({ length: n }, (_, i) => [`k${i}`, p.Null])) })],
    ["clock", p.MaxClock, (n) => ({ ...saved([]), ops: saved([]).ops.map((op) => ({ ...op, wall: -n })) })],
    ["offset", p.MaxClock, (n) => saved([], { ...p.NoContext, offset: n })],
    ["actors", p.MaxActors, (n) => ({ ...saved([]), vv: [...actors(n - 1), { actor, counter: 1 }] })],
    ["saves", p.MaxOps, (n) => ({ ...crowd(n, 1000) })],
    ["answers of a group", p.MaxGroupValues, (n) => crowd(n, n)],
    ["groups", p.MaxGroups - 1, (n) => saved(Array.from({ length: n }, (_, i) => [`g${i}`, p.Null]))],
    ["counter", p.MaxExactInteger - 1, (n) => ({ ...saved([]), vv: [{ actor, counter: n }] })],
  ])("%s", (what, limit, build) => {
    const b = p.encodeRecord(build(limit));
    expect(p.toHex(p.encodeRecord(p.decodeRecord(b)))).toBe(p.toHex(b));
    if (what === "counter") expect(() => p.encodeRecord(build(limit + 2))).toThrow(RangeError);
    else expect(() => p.decodeRecord(p.encodeRecord(build(limit + 1)))).toThrow(p.Refused);
  });

  test("a list that says it is long allocates nothing", () => {
    expect(() => p.decodeRecord(bytesOf(`8801 50${"01".repeat(16)} 6161 991fff`))).toThrow("ends too early");
  });
});

describe("messages are bounded", () => {
  const many = <T>(n: number, item: T): T[] => Array.from({ length: n }, () => item);
  const row: p.PullRow = { cursor: 0, record: new Uint8Array(), out: id };
  const cursor: p.PullCursor = { area: "45", seq: 0, level: false, digest: p.NoDigest };
  const bounded = <T>(codec: p.Codec<T>, build: (n: number) => Partial<T>) => ({ codec: codec as p.Codec<unknown>, build: (n: number): unknown => ({ ...codec.zero, ...build(n) }) });
  test.each([
    { what: "results of a push", limit: p.MaxChunkRecords, ...bounded(p.pushResponse, (n) => ({ results: many(n, { code: "stored", hash: p.NoHash, detail: "" }) })) },
    { what: "rows of a pull", limit: p.MaxChunkRecords, ...bounded(p.pullResponse, (n) => ({ rows: many(n, row), cursors: [cursor] })) },
    { what: "cursors of a pull", limit: p.MaxCursors, ...bounded(p.pullResponse, (n) => ({ cursors: many(n, cursor) })) },
    { what: "what a need wants", limit: p.MaxNeedItems, ...bounded(p.needResponse, (n) => ({ want: many(n, id) })) },
    { what: "definitions of an office", limit: p.MaxDefinitions, ...bounded(p.definitionsResponse, (n) => ({ all_hashes: many(n, p.NoDefinition) })) },
    { what: "a definition", limit: p.MaxDefinitionBytes, ...bounded(p.definitionsResponse, (n) => ({ definitions: [{ kind: "form", ref: "a@1", hash: p.NoDefinition, body: new Uint8Array(n) }] })) },
    { what: "a village's name", limit: p.MaxLabelBytes, ...bounded(p.definitionsResponse, (n) => ({ villages: [{ area: "45", name_th: "n".repeat(n), name_en: "", local_gov: "" }] })) },
    { what: "a device's name", limit: p.MaxLabelBytes, ...bounded(p.enrollRequest, (n) => ({ name: "n".repeat(n) })) },
    { what: "a program's name", limit: p.MaxLabelBytes, ...bounded(p.helloRequest, (n) => ({ actor, app: "n".repeat(n) })) },
    { what: "leaves, which a tambon has many of", limit: p.MaxMessageItems, ...bounded(p.digestResponse, (n) => ({ leaves: many(n, { area: "45", bucket: 15, digest: p.NoDigest }).slice(0, n) })) },
  ])("$what", ({ what, limit, codec, build }) => {
    const n = what.startsWith("leaves") ? 100_000 : limit; // a digest may be long, up to the size of a message
    const b = p.encodeMessage(codec, build(n));
    expect(p.equalBytes(p.encodeMessage(codec, p.decodeMessage(codec, b)), b)).toBe(true);
    expect(() => p.decodeMessage(codec, p.encodeMessage(codec, build(limit + 1)))).toThrow("over the limit");
  });

  test("a message has at most 4 MiB", () => {
    const of = (n: number): Uint8Array => {
      const b = new Uint8Array(n);
      b.set(bytesOf("a1 65 6c61746572 5a"));
      new DataView(b.buffer).setUint32(8, n - 12);
      return b;
    };
    expect(p.decodeMessage(p.challengeRequest, of(p.MaxMessageBytes))).toEqual({ device: "" });
    expect(() => p.decodeMessage(p.challengeRequest, of(p.MaxMessageBytes + 1))).toThrow("over the limit");
  });

  test("a message nests eight deep, itself included", () => {
    const lists = (n: number): Uint8Array => bytesOf(`a1 65 6c61746572 ${"81".repeat(n - 1)}80`);
    expect(p.decodeMessage(p.challengeRequest, lists(7))).toEqual({ device: "" });
    expect(() => p.decodeMessage(p.challengeRequest, lists(8))).toThrow("nested deeper");
  });

  test("a number that JavaScript does not have is refused, not rounded", () => {
    expect(p.decodeMessage(p.tokenResponse, bytesOf("a1 6a 657870697265735f696e 1b 001fffffffffffff")).expires_in).toBe(2 ** 53 - 1);
    expect(() => p.decodeMessage(p.tokenResponse, bytesOf("a1 6a 657870697265735f696e 1b 0020000000000000"))).toThrow(p.Refused);
  });

  test("a message read does not hold on to the bytes that it came in", () => {
    const b = p.encodeMessage(p.needResponse, { ...p.needResponse.zero, records: [Uint8Array.of(1, 2)] });
    const m = p.decodeMessage(p.needResponse, b);
    b.fill(0);
    expect(m.records).toEqual([Uint8Array.of(1, 2)]);
    expect(m.records[0]!.buffer.byteLength).toBe(2);
  });
});

describe("answers", () => {
  test.each<[string, p.Answer]>([
    ["a whole number beyond 2^53-1", 2 ** 53],
    ["a bigint beyond 2^53-1", 2n ** 53n],
    ["a bigint below -2^53+1", -(2n ** 53n)],
    ["no number", NaN],
    ["no end", -Infinity],
    ["half a character", "a\ud800"],
    ["half a character in a key", { "\udc00": 1 }],
    ["a key of 65 bytes", { ["x".repeat(65)]: 1 }],
    ["nine lists", [[[[[[[[[]]]]]]]]]],
    ["what is no answer", undefined as unknown as p.Answer],
    ["too many bytes", new Uint8Array(p.MaxValueBytes)],
  ])("%s is refused", (_, v) => {
    expect(() => p.newValue(v)).toThrow(RangeError);
  });

  test.each<[string, p.Answer, string]>([
    ["minus zero is zero", -0, "00"],
    ["a bigint", 24n, "1818"],
    ["eight lists", [[[[[[[[]]]]]]]], "8181818181818180"],
    ["a key named __proto__", JSON.parse('{"__proto__":1}'), "a1695f5f70726f746f5f5f01"],
    ["shorter keys first, by UTF-8", { b: 1, aa: 2, "\u{10000}": 3, "\uffff1": 4 }, "a4 6162 01 626161 02 64efbfbf31 04 64f0908080 03"],
    ["a byte order mark stays", "\ufeffa", "64efbbbf61"],
  ])("%s", (_, v, want) => {
    const b = p.newValue(v);
    expect(p.toHex(b)).toBe(want.replaceAll(" ", ""));
    expect(p.newValue(p.anyOf(b))).toEqual(b);
  });
});

test("texts are ordered by their UTF-8", () => {
  const inOrder = ["", "a", "a\u0000", "aa", "b", "\u0e01", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"];
  const encoder = new TextEncoder();
  for (const a of inOrder) {
    for (const b of inOrder) {
      expect(Math.sign(p.compareText(a, b)), JSON.stringify([a, b])).toBe(Math.sign(p.compareBytes(encoder.encode(a), encoder.encode(b))));
    }
  }
});

test("groups in conflict are named in the order of their UTF-8", () => {
  const names = ["\u{10000}", "\ue000", "_scope", "moo", "ก"];
  const by = (other: p.ActorID, n: number): p.Record => {
    const changes = new Map(names.map((name) => [name, p.newValue(n)]));
    return p.save(p.newRecord(id, "household"), { dot: { actor: other, counter: 1 }, wall: 0, context: p.NoContext }, changes);
  };
  const r = p.merge(by(actor, 1), by("b2".repeat(16) as p.ActorID, 2));
  expect(p.conflicts(r)).toEqual(["_scope", "moo", "ก", "\ue000", "\u{10000}"]);
});

test("areas nest by their codes", () => {
  expect(["", "4", "45", "4503", "450303", "45030301", "4503030101", "4500", "45\n", "๔๕"].map((c) => p.areaLevel(c))).toEqual([0, 0, 1, 2, 3, 4, 0, 0, 0, 0]);
  expect(p.areaContains("45", "450303")).toBe(true);
  expect(p.areaContains("450303", "45")).toBe(false);
  expect(p.areaContains("", "45")).toBe(false); // a grant left empty opens no area
  expect(["45", "450303", "45030301", "x"].map(p.feedOf)).toEqual(["45", "450303", "450303", ""]);
  expect(p.cursorCovers("4503", "450303")).toBe(false); // that tambon has a feed of its own
  expect(p.cursorCovers("4503", "4503")).toBe(true);
  expect(p.cursorCovers("450303", "45030301")).toBe(true);
});

test("ids are read in either case and written in one", () => {
  expect(p.parseRecordID(id.toUpperCase())).toBe(id);
  expect(p.parseRecordID(id.replaceAll("-", ""))).toBeUndefined();
  expect(p.parseActorID("A1".repeat(16))).toBe(actor);
  expect(p.parseActorID("a1")).toBeUndefined();
  expect(p.newRecordID(-1, new Uint8Array(10))).toBe("00000000-0000-7000-8000-000000000000");
});

test("what is not the office's is no problem document", () => {
  for (const body of ["", "<html>", "null", "[]", "3", '{"code":""}', '{"code":4}']) expect(p.readProblem(body)).toBeUndefined();
  expect(p.readProblem('{"code":"later","status":418}')).toMatchObject({ code: "later", status: 418, detail: "" });
});

test("three results settle; a later one does not", () => {
  const all = ["stored", "merged", "already", "quarantined", "rejected", "invalid", "inbox_full", "store_error", "later"];
  expect(all.filter(p.settles)).toEqual(["stored", "merged", "already"]);
});

test("the bounds are those of PROTOCOL.md", () => {
  const page = readFileSync(new URL("../../../../syncproto/PROTOCOL.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\d+) \|/gm)];
  expect(rows.length).toBeGreaterThan(20);
  for (const [, name, value] of rows) expect((p as { [key: string]: unknown })[name!], name).toBe(Number(value));
  for (const name of Object.keys(p.calls)) expect(page).toContain(`### \`${p.calls[name as keyof typeof p.calls].path}\``);
});

test("a record is plain data: it can be posted to another thread", () => {
  const r = saved([["moo", p.newValue(1)]]);
  expect(structuredClone(r)).toEqual(r);
});
