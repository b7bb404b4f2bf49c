import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as p from "../../src/protocol/index.js";
import { bytesOf, canonical, messages, objectOf, viewAny, viewMessage, viewRecord } from "./view.js";

// The same random cases through the Go code and through this one. More of them:
//
//	PEERS_SEEDS=100,101,102 PEERS_CASES=20000 npm test -- peers

const seeds = (process.env["PEERS_SEEDS"] ?? "1,2,3").split(",");
const cases = process.env["PEERS_CASES"] ?? "3000";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const built = mkdtempSync(join(tmpdir(), "peers-"));

type Case = { readonly [key: string]: any };

/** Everything that came out of one case, as the Go program shows it. */
function play(c: Case): unknown {
  switch (c["op"]) {
    case "record":
      return refusing(() => {
        const r = p.decodeRecord(bytesOf(c["in"]));
        return { record: viewRecord(r), out: p.toHex(p.encodeRecord(r)) };
      });
    case "merge": {
      const a = p.decodeRecord(bytesOf(c["a"]));
      const b = p.decodeRecord(bytesOf(c["b"]));
      const written = (r: p.Record): string => p.toHex(p.encodeRecord(r));
      return { order: p.compareVectors(a.vv, b.vv), out: written(p.merge(a, b)), other: written(p.merge(b, a)) };
    }
    case "save":
      return playSave(c);
    case "redot": {
      const r = p.redot(p.decodeRecord(bytesOf(c["before"])), c["from"], c["after"], c["to"], (old) => old + c["more"]);
      return { out: p.toHex(p.encodeRecord(r)) };
    }
    case "value":
      return refusing(() => {
        const a = p.anyOf(bytesOf(c["in"]));
        expect(p.toHex(p.newValue(a))).toBe(c["in"]);
        return { any: viewAny(a) };
      });
    case "digest":
      return playDigest(c);
    case "ids":
      return {
        new: p.newRecordID(c["ms"], bytesOf(c["random"])),
        carried: p.carriedID(c["round"], c["id"]),
        village: p.villageID(c["round"], c["area"]),
        bucket: p.bucket(c["id"]),
      };
    case "message":
      return playMessage(c);
  }
  throw new Error(`op ${c["op"]} is not known here`);
}

/** What f gives, or where it refused. */
function refusing(f: () => unknown): unknown {
  try {
    return f();
  } catch (err) {
    if (!(err instanceof p.Refused)) throw err;
    return { refused: err.message.includes("record of ") ? -1 : err.at };
  }
}

function playSave(c: Case): unknown {
  const { actor, counter, wall, user, form, app, offset, reason, extra } = c["by"];
  const mapOf = (m: { [key: string]: string }): Map<string, p.Value> => new Map(Object.entries(m).map(([k, v]) => [k, bytesOf(v)]));
  const before = c["before"] === "" ? p.newRecord(c["id"], c["type"]) : p.decodeRecord(bytesOf(c["before"]));
  const kept = canonical(viewRecord(before));
  const context: p.Context = { user, form, app, offset, reason, extra: mapOf(extra) };
  const r = p.save(before, { dot: { actor, counter }, wall, context }, mapOf(c["changes"]));
  expect(canonical(viewRecord(before))).toBe(kept); // a save changes nothing that it is given
  return { out: p.toHex(p.encodeRecord(r)), hash: p.opOf(r, { actor, counter })!.hash };
}

function playDigest(c: Case): unknown {
  let sum = p.NoDigest;
  for (const h of c["in"]) sum = p.addItem(sum, h);
  for (const h of c["removed"]) sum = p.removeItem(sum, h);
  return { count: sum.count, sum: sum.sum, twice: p.plus(sum, sum).sum };
}

function playMessage(c: Case): unknown {
  const codec = messages[c["message"]]!;
  let m: unknown;
  try {
    m = p.decodeMessage(codec, bytesOf(c["in"]));
  } catch (err) {
    if (!(err instanceof p.Refused)) throw err;
    return { refused: true };
  }
  return { view: viewMessage(m), out: p.toHex(p.encodeMessage(codec, m)) };
}

const inputs = new Set(["seed", "index", "op", "in", "a", "b", "before", "id", "type", "by", "changes", "from", "after", "to", "more", "removed", "ms", "random", "round", "area", "message", "why"]);

function wanted(c: Case): unknown {
  return objectOf(Object.entries(c).filter(([key]) => !inputs.has(key)), (v) => v);
}

describe("the Go code and this one agree", () => {
  const program = join(built, "peers");
  beforeAll(() => {
    execFileSync("go", ["build", "-o", program, "./cmd/tambonsim/peers"], { cwd: root, stdio: "inherit" });
  }, 120_000);
  afterAll(() => rmSync(built, { recursive: true }));

  test.each(seeds)("seed %s", (seed) => {
    const lines = execFileSync(program, ["-seed", seed, "-cases", cases], { encoding: "utf8", maxBuffer: 1 << 30 }).trimEnd().split("\n");
    expect(lines.length).toBe(Number(cases));
    const seen = new Map<string, number>();
    for (const line of lines) {
      const c = JSON.parse(line) as Case;
      const kind = `${c["op"]}${"refused" in c ? " refused" : ""}`;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      let got: string;
      try {
        got = canonical(play(c));
      } catch (err) {
        got = String(err);
      }
      const want = canonical(wanted(c));
      if (got !== want) {
        const replay = `go run ./cmd/tambonsim/peers -seed ${seed} -only ${c["index"]}`;
        expect.fail(`seed ${seed}, index ${c["index"]}, ${kind}${c["why"] ? ` (${c["why"]})` : ""}\n${replay}\ngot  ${got}\nwant ${want}`);
      }
    }
    expect([...seen.keys()].sort()).toEqual(
      ["digest", "ids", "merge", "message", "message refused", "record", "record refused", "redot", "save", "value", "value refused"],
    );
  }, 120_000);
});
