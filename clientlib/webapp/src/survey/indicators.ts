import { celMap, type CelInput, type CelValue } from "@bufbuild/cel";
import { DefinitionError, splitRef, type Indicator, type SetDefinition, type Text } from "./definition.js";
import { native, Scope, variables, type Expression, type Variables } from "./expressions.js";
import { knownKeys, listOf, readJSON, type Form, type RecordType } from "./form.js";
import { grouped } from "./numbers.js";
import type { Instance, Review } from "./review.js";
import type { Value } from "./values.js";

// What a set concludes from one household or village:
// syncproto/survey/indicators.go.

/** The four verdicts are never mixed. na: it applies to nobody here. */
export type Verdict = "pass" | "fail" | "na" | "unanswered";

/** One indicator of one record. applicable and failing are 0 unless the verdict is pass or fail. */
export interface Outcome {
  readonly no: number;
  readonly verdict: Verdict;
  readonly applicable: number;
  readonly failing: number;
  readonly score: number; // 0: no score
  readonly reason: Text | undefined; // of a fail
  readonly unanswered: readonly string[]; // the questions that are missing, of an unanswered
  readonly excess: boolean; // more failing than it applies to: counted as all of them
}

/** What a set says of one record, in the set's order. */
export interface Result {
  readonly outcomes: readonly Outcome[];
  readonly level: number; // 0: none, or something is unanswered
}

interface Rule {
  readonly indicator: Indicator;
  readonly where: readonly Expression[];
  readonly value: Expression | undefined;
  readonly when: Expression | undefined;
  readonly failing: Expression | undefined;
  readonly shape: Expression | undefined; // pass or score
}

/** Verdicts are kept as bits. */
export const maxIndicators = 63;

/** What one record counts is bounded, so that sums of a whole country stay whole numbers. */
const maxCount = 1_000_000_000;

/** Reads an indicator set from the JSON that the office sends. Throws DefinitionError. */
export function loadSet(json: string): SetDefinition {
  const d = readJSON(json) as SetDefinition;
  if (d.kind !== "indicators") throw new DefinitionError("is no indicator set");
  knownKeys("", d, [
    "kind", "name", "version", "title", "draft", "note", "sources", "form", "record_type", "parameters", "dimensions", "definitions",
    "indicators", "levels", "groups",
  ]);
  for (const x of listOf("indicators", d.indicators, maxIndicators)) {
    knownKeys(`indicator ${x.no}`, x, [
      "no", "code", "dimension", "name", "unit", "applies_to", "applicable", "failing", "pass", "score", "reason", "empty", "certainty", "sources", "note",
    ]);
    if (x.applicable) knownKeys(`indicator ${x.no}.applicable`, x.applicable, ["count", "where", "value", "when"]);
  }
  if (!splitRef(d.form)) throw new DefinitionError("form: want such as bmn-2560@1");
  return d;
}

/** What a round without indicators uses. */
export function noSet(form: Form): SetDefinition {
  const none = { th: "", en: "" };
  return { kind: "indicators", name: "", version: 0, title: none, form: form.ref, record_type: form.types[0]!.name, indicators: [] };
}

/** "bmn-2560@1" */
export function setRef(s: SetDefinition): string {
  return `${s.name}@${s.version}`;
}

/** A set bound to a form, ready to judge. */
export class Indicators {
  readonly list: readonly Indicator[];
  readonly recordType: string;
  private readonly rules: readonly Rule[];
  private readonly definitions = new Map<string, Expression>();
  private readonly levels: readonly Expression[];
  private readonly params: ReadonlyMap<string, number>;
  private readonly paramsVar: CelInput;

  constructor(
    readonly form: Form,
    readonly set: SetDefinition,
  ) {
    const t = form.type(set.record_type);
    if (t === undefined) throw new DefinitionError(`${setRef(set)}: form ${form.ref} has no record type ${set.record_type}`);
    this.list = set.indicators;
    this.recordType = set.record_type;
    this.params = new Map(Object.entries(set.parameters ?? {}));
    this.paramsVar = celMap(this.params as Map<string, number>);
    const plain = t.scope();
    for (const [name, text] of Object.entries(set.definitions ?? {})) {
      this.definitions.set(name, plain.compile(`definitions.${name}`, text)!);
    }
    const outer = t.scope(this.definitions.keys());
    this.rules = set.indicators.map((x) => rule(x, t, outer));
    const scores = new Scope(() => undefined, new Set(["score1", "score2", "score3"]), () => undefined);
    this.levels = (set.levels ?? []).map((l) => scores.compile(`level ${l.level}`, l.when)!);
  }

  /** Judges a record. The review must be of the form that the set was bound to. */
  outcomes(r: Review): Result {
    if (r.instance === undefined || r.type !== this.recordType) return { outcomes: [], level: 0 };
    const vars = variables(r.instance.vars);
    for (const [name, e] of this.definitions) {
      const v = e.eval(r.instance.vars);
      vars[name] = v === undefined ? null : (native(v) as CelInput);
    }
    vars.param = this.paramsVar;
    const judge = new Judge(r.instance, vars, this.definitions, this.params, this.paramsVar);
    const outcomes = this.rules.map((x) => judge.outcome(x));
    const whole = this.levels.length > 0 && outcomes.every((o) => o.verdict !== "unanswered");
    return { outcomes, level: whole ? this.level(outcomes) : 0 };
  }

  private level(outcomes: readonly Outcome[]): number {
    const vars = variables(null);
    for (const n of [1, 2, 3]) vars[`score${n}`] = outcomes.filter((o) => o.score === n).length;
    const i = this.levels.findIndex((e) => e.truth(vars) === true);
    return i < 0 ? 0 : this.set.levels![i]!.level;
  }
}

function rule(x: Indicator, t: RecordType, outer: Scope): Rule {
  const at = `indicator ${x.no}`;
  const kid = t.kids.find((k) => k.name === x.applicable?.count);
  if (x.applicable?.count && kid === undefined) throw new DefinitionError(`${at}: ${t.name} has no records of type ${x.applicable.count} below it`);
  const inner = kid?.scope();
  return {
    indicator: x,
    where: (inner ? (x.applicable?.where ?? []) : []).map((text) => inner!.compile(`${at}.where`, text)!),
    value: outer.compile(`${at}.value`, x.applicable?.value),
    when: outer.compile(`${at}.when`, x.applicable?.when),
    failing: outer.compile(`${at}.failing`, x.failing),
    shape: outer.compile(at, (x.pass ?? "") + (x.score ?? "")),
  };
}

/** An outcome while it is worked out. */
interface Draft {
  no: number;
  verdict: Verdict;
  applicable: number;
  failing: number;
  score: number;
  reason: Text | undefined;
  unanswered: string[];
  excess: boolean;
}

/** Holds one record while its indicators are worked out. */
class Judge {
  constructor(
    private readonly in_: Instance,
    private readonly vars: Variables,
    private readonly definitions: ReadonlyMap<string, Expression>,
    private readonly params: ReadonlyMap<string, number>,
    private readonly paramsVar: CelInput,
  ) {}

  outcome(r: Rule): Outcome {
    const o: Draft = { no: r.indicator.no, verdict: "na", applicable: 0, failing: 0, score: 0, reason: undefined, unanswered: [], excess: false };
    if (r.indicator.empty) return o;
    if (r.failing) this.counted(r, r.failing, o);
    else this.whole(r, o);
    if (o.verdict === "fail") o.reason = this.reason(r.indicator, o);
    if (o.verdict === "unanswered" || o.verdict === "na") o.applicable = o.failing = o.score = 0;
    return o;
  }

  /** An indicator of how many fail of those it applies to. */
  private counted(r: Rule, rule: Expression, o: Draft): void {
    const applicable = this.applicable(r, o);
    if (applicable === undefined) {
      o.verdict = "unanswered";
      return;
    }
    o.applicable = applicable;
    if (applicable === 0) return;
    const failing = this.number(rule, o);
    if (failing === undefined) {
      o.verdict = "unanswered";
      return;
    }
    o.excess = failing > applicable;
    o.failing = Math.min(failing, applicable);
    o.verdict = o.failing > 0 ? "fail" : "pass";
  }

  /** Whom the indicator applies to; undefined while that cannot be told. */
  private applicable(r: Rule, o: Draft): number | undefined {
    if (r.value) return this.number(r.value, o);
    const count = r.indicator.applicable?.count ?? "";
    const kids = this.in_.kids.get(count) ?? [];
    if (kids.length === 0) {
      o.unanswered.push(count);
      return undefined;
    }
    const meets = kids.map((kid) => this.meets(r, kid, o));
    return meets.includes(undefined) ? undefined : meets.filter((yes) => yes).length;
  }

  /** Whether all conditions hold for one record below. A false decides whatever is unknown beside it. */
  private meets(r: Rule, kid: Instance, o: Draft): boolean | undefined {
    const vars = variables(kid.vars);
    vars.param = this.paramsVar;
    const missing: string[] = [];
    let told = true;
    for (const e of r.where) {
      const lacks = kid.lacks(e.refs);
      missing.push(...lacks);
      const holds = lacks.length > 0 ? undefined : e.truth(vars);
      if (holds === false) return false;
      told &&= holds === true;
    }
    note(o, missing.map((q) => `${r.indicator.applicable!.count}.${q}`));
    return told ? true : undefined;
  }

  /** An indicator of the record as such. */
  private whole(r: Rule, o: Draft): void {
    o.applicable = 1;
    const applies = r.when ? this.condition(r.when, o) : true;
    if (applies !== true) {
      o.verdict = applies === undefined ? "unanswered" : "na";
      return;
    }
    const good = r.indicator.score ? this.scored(r.shape!, o) : this.condition(r.shape!, o);
    if (good === undefined) o.verdict = "unanswered";
    else if (good) o.verdict = "pass";
    else {
      o.verdict = "fail";
      o.failing = 1;
    }
  }

  private scored(e: Expression, o: Draft): boolean | undefined {
    const score = this.number(e, o);
    if (score === undefined || score < 1 || score > 3) return undefined;
    o.score = score;
    return score > 1;
  }

  /** A whole number from 0; undefined if there is none. */
  private number(e: Expression, o: Draft): number | undefined {
    if (this.lacking(e, o)) return undefined;
    const v: CelValue | undefined = e.eval(this.vars);
    const n = typeof v === "bigint" ? Number(v) : v;
    return typeof n === "number" && n >= 0 && n <= maxCount ? Math.trunc(n) + 0 /* -0 is 0 */ : undefined;
  }

  private condition(e: Expression, o: Draft): boolean | undefined {
    return this.lacking(e, o) ? undefined : e.truth(this.vars);
  }

  /** Notes which questions that a rule looks at, also through the set's definitions, are asked and not answered. */
  private lacking(e: Expression, o: Draft): boolean {
    const missing = this.in_.lacks(e.refs);
    for (const name of e.refs.names) {
      const d = this.definitions.get(name);
      if (d) missing.push(...this.in_.lacks(d.refs));
    }
    note(o, missing);
    return missing.length > 0;
  }

  private reason(x: Indicator, o: Draft): Text {
    if (!x.reason) return x.name;
    const put = (template: string) => fillReason(template, (name) => this.word(name, o));
    return { th: put(x.reason.th), en: put(x.reason.en) };
  }

  private word(name: string, o: Draft): string {
    switch (name) {
      case "failing":
      case "applicable":
      case "score":
        return grouped(o[name]);
    }
    const param = name.startsWith("param.") ? this.params.get(name.slice("param.".length)) : undefined;
    if (param !== undefined) return grouped(param);
    const v = this.vars[name] as Value | undefined;
    if (typeof v === "number") return grouped(v);
    return typeof v === "string" ? v : "…";
  }
}

function note(o: Draft, questions: readonly string[]): void {
  for (const q of questions) if (!o.unanswered.includes(q)) o.unanswered.push(q);
}

/** Puts words in the places of a reason. What stands behind a brace that is never closed is left out, as in Go. */
function fillReason(template: string, word: (name: string) => string): string {
  let out = "";
  for (let rest = template; ; ) {
    const open = rest.indexOf("{");
    if (open < 0) return out + rest;
    out += rest.slice(0, open);
    const close = rest.indexOf("}", open);
    if (close < 0) return out;
    out += word(rest.slice(open + 1, close));
    rest = rest.slice(close + 1);
  }
}
