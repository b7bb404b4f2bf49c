import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as p from "../../src/protocol/index.js";
import { Reader } from "../../src/protocol/cbor.js";
import { bytesOf, canonical, messages, viewMessage, viewValue, viewVector } from "./view.js";

// The files of testdata/protocol, which hold every program that speaks the
// protocol together: PROTOCOL.md, section 22.

const directory = new URL("../../../../testdata/protocol/", import.meta.url);

interface Vector {
  readonly name: string;
  readonly cbor: Uint8Array;
  readonly side: any; // what it has depends on the kind
}

const vectors: Vector[] = readdirSync(directory)
  .filter((file) => file.endsWith(".json"))
  .map((file) => {
    const name = file.slice(0, -".json".length);
    const side = JSON.parse(readFileSync(new URL(file, directory), "utf8"));
    return { name, side, cbor: side.kind === "problem" ? new Uint8Array() : new Uint8Array(readFileSync(new URL(`${name}.cbor`, directory))) };
  });

const tested = new Set<string>();

function ofKind(kind: string): Vector[] {
  const list = vectors.filter((v) => v.side.kind === kind);
  if (list.length === 0) throw new Error(`there is no vector of kind ${kind}`);
  for (const v of list) tested.add(v.name);
  return list;
}

/** Reads a .cbor file that is a list of n byte strings. */
function byteStrings(b: Uint8Array, n: number): Uint8Array[] {
  const list = p.anyOf(b.length > p.MaxValueBytes ? new Uint8Array() : b);
  if (!Array.isArray(list) || list.length !== n) throw new Error(`want a list of ${n}`);
  return list as Uint8Array[];
}

function wantSame(got: unknown, want: unknown): void {
  expect(canonical(got)).toBe(canonical(want));
}

describe("records decode and encode to the same bytes", () => {
  test.each(ofKind("record"))("$name", ({ cbor, side }) => {
    const r = p.decodeRecord(cbor);
    expect(p.toHex(p.encodeRecord(r))).toBe(p.toHex(cbor));
    expect(p.checkReserved(r)).toBeUndefined();
    wantSame(viewVector(r), side.record);
  });
});

describe("merges are merged, both ways", () => {
  test.each(ofKind("merge"))("$name", ({ cbor, side }) => {
    const [a, b, merged] = byteStrings(cbor, 3) as [Uint8Array, Uint8Array, Uint8Array];
    const x = p.decodeRecord(a);
    const y = p.decodeRecord(b);
    wantSame(viewVector(x), side.merge.a);
    wantSame(viewVector(y), side.merge.b);
    for (const m of [p.merge(x, y), p.merge(y, x)]) {
      expect(p.toHex(p.encodeRecord(m))).toBe(p.toHex(merged));
      wantSame(viewVector(m), side.merge.merged);
    }
  });
});

describe("saves are saved", () => {
  test.each(ofKind("save"))("$name", ({ cbor, side: { save: s } }) => {
    const [before, after] = byteStrings(cbor, 2) as [Uint8Array, Uint8Array];
    const r = before.length > 0 ? p.decodeRecord(before) : p.newRecord(s.id, s.type);
    const changes = new Map(Object.entries<any>(s.changes).map(([group, c]) => [group, bytesOf(c.cbor)]));
    const dot: p.Dot = { actor: s.actor, counter: s.counter };
    const context: p.Context = { user: s.user, form: s.form, app: s.app, offset: s.offset, reason: s.reason, extra: new Map() };
    const got = p.save(r, { dot, wall: s.wall, context }, changes);
    expect(p.toHex(p.encodeRecord(got))).toBe(p.toHex(after));
    expect(p.opOf(got, dot)?.hash).toBe(s.save_hash);
    wantSame(viewVector(got), s.after);
  });
});

describe("moves are moved", () => {
  test.each(ofKind("redot"))("$name", ({ cbor, side: { redot: d } }) => {
    const [before, after] = byteStrings(cbor, 2) as [Uint8Array, Uint8Array];
    const r = p.decodeRecord(before);
    const numbers = new Map<number, number>(d.numbers ?? []);
    const got = p.redot(r, d.from, d.after, d.to, (old) => numbers.get(old)!);
    expect(p.toHex(p.encodeRecord(got))).toBe(p.toHex(after));
    wantSame(viewVector(r), d.before);
    wantSame(viewVector(got), d.moved);
  });
});

describe("digests add up", () => {
  test.each(ofKind("digest"))("$name", ({ cbor, side: { digest } }) => {
    const sums = new Map<string, p.Leaf>();
    let total = p.NoDigest;
    for (const it of digest.items) {
      const key = `${it.area} ${p.bucket(it.id).toString(16)}`;
      const leaf = sums.get(key) ?? { area: it.area, bucket: p.bucket(it.id), digest: p.NoDigest };
      sums.set(key, { ...leaf, digest: p.addItem(leaf.digest, it.hash) });
      total = p.addItem(total, it.hash);
    }
    const leaves = [...sums].sort(([a], [b]) => p.compareText(a, b)).map(([, leaf]) => leaf);
    expect(p.toHex(p.encodeMessage(p.digestResponse, { leaves }))).toBe(p.toHex(cbor));
    wantSame(total, digest.total);
  });
});

describe("messages decode and encode to the same bytes", () => {
  test.each(ofKind("message"))("$name", ({ name, cbor, side }) => {
    const codec = messages[name.replace("message-", "")]!;
    const m = p.decodeMessage(codec, cbor);
    expect(p.toHex(p.encodeMessage(codec, m))).toBe(p.toHex(cbor));
    expect(side.message.path).toBe(p.calls[name.split("-")[1] as keyof typeof p.calls].path);
    expect(canonical(viewMessage(m))).not.toBe(canonical(viewMessage(codec.zero)));
  });
  test("there is one of each", () => {
    expect(ofKind("message").map((v) => v.name).sort()).toEqual(Object.keys(messages).map((name) => `message-${name}`).sort());
  });
});

describe("values read as they are shown", () => {
  const [values] = ofKind("values") as [Vector];
  test.each<any>(values.side.values)("$name", ({ value, cbor }) => {
    const b = bytesOf(cbor);
    wantSame(viewValue(b), value);
    expect(p.toHex(p.newValue(p.anyOf(b)))).toBe(cbor);
  });
  test("the .cbor file is the list of them", () => {
    const list = p.anyOf(values.cbor) as readonly p.Any[];
    expect(list.map((a) => p.toHex(p.newValue(a)))).toEqual(values.side.values.map((v: any) => v.cbor));
  });
});

describe("refused things are refused", () => {
  for (const { name, cbor, side } of ofKind("refused")) {
    const list = readByteStrings(cbor);
    test.each<any>(side.refused.map((r: any, i: number) => ({ ...r, bytes: list[i] })))(`${name}: $name`, (r) => {
      expect(p.toHex(r.bytes)).toBe(r.cbor);
      const read = {
        "refused-values": () => p.checkValue(r.bytes),
        "refused-records": () => p.decodeRecord(r.bytes),
        "refused-messages": () => p.decodeMessage(messages[r.message]!, r.bytes),
      }[name]!;
      expect(read).toThrow(p.Refused);
      if (r.why !== undefined && name !== "refused-messages") expect(read).toThrow(r.why);
    });
  }
});

/** A list of byte strings that may be too long for one answer. */
function readByteStrings(b: Uint8Array): Uint8Array[] {
  const r = new Reader(b);
  const list: Uint8Array[] = [];
  for (let n = r.array(1000); n > 0; n--) list.push(r.any() as Uint8Array);
  return list;
}

test("the problem reads back", () => {
  for (const v of ofKind("problem")) {
    const problem = p.readProblem(JSON.stringify(v.side.problem));
    expect(problem).toEqual(v.side.problem);
    expect(problem).toMatchObject({ code: "head_mismatch", status: 409 });
  }
});

test("every vector is tested", () => {
  expect([...tested].sort()).toEqual(vectors.map((v) => v.name).sort());
});
