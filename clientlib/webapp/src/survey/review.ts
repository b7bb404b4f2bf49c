import { celMap, type CelInput } from "@bufbuild/cel";
import { checkAnswer } from "./check.js";
import { native, RecordValues, variables, type Expression, type Variables } from "./expressions.js";
import type { Form, Question, RecordType } from "./form.js";
import type { Refs } from "./refs.js";
import { ownVariables } from "./expressions.js";
import { between, fill, problem, say, type Problem } from "./sentences.js";
import { answer, bind, compareText, emptyObject, members, unbind, type Answers, type Value } from "./values.js";

// Which questions are asked, the calculations, what is missing and what looks
// wrong: syncproto/survey/review.go.

/** One record as flat answers, with the records below it. */
export interface Entry {
  readonly values: Answers;
  /** By record type, in the order of the roster. */
  readonly children?: Readonly<Record<string, readonly Entry[]>>;
  /** The day it was last saved, ISO; decides `today`. */
  readonly today?: string;
}

/** What a form says of an entry. */
export interface Review {
  readonly type: string;
  /** What counts: answers to questions that are asked, and calculations. */
  readonly values: Record<string, unknown>;
  readonly asked: ReadonlySet<string>;
  /** Questions of this record that are asked and answered, calculations not counted. */
  readonly answered: number;
  /** Asked, required, unanswered; in form order. */
  readonly missing: readonly string[];
  readonly problems: readonly Problem[];
  readonly children: Readonly<Record<string, readonly Review[]>>;
  /** What expressions see; undefined for an unknown type. */
  readonly instance: Instance | undefined;
}

/** Whether everything required is answered and nothing is wrong, here and below. */
export function isComplete(r: Review): boolean {
  if (r.missing.length > 0 || r.problems.length > 0) return false;
  return Object.values(r.children).every((list) => list.every(isComplete));
}

/** How many problems there are, here and below. */
export function countProblems(r: Review): number {
  return Object.values(r.children).flat().reduce((n, c) => n + countProblems(c), r.problems.length);
}

/**
 * Works out what the form says of an entry. It changes nothing: answers to
 * questions that are not asked stay in the record and do not count.
 * referenceDate is the round's, ISO; "" takes the day of saving.
 *
 * An expression without a result: a question whose relevance cannot be told is
 * not asked yet; a constraint is not judged; a calculation has no value.
 */
export function review(form: Form, recordType: string, entry: Entry, referenceDate: string): Review {
  const type = form.type(recordType);
  if (type === undefined) return unknown(recordType);
  const r = new Reviewer(form, false, referenceDate || (entry.today ?? ""));
  return r.run(type, entry);
}

/** The problems of one record looked at alone. What depends on other records is left to review. */
export function checkRecord(form: Form, recordType: string, values: Answers): readonly Problem[] {
  const type = form.type(recordType);
  if (type === undefined) return unknown(recordType).problems;
  return new Reviewer(form, true, "").run(type, { values }).problems;
}

function unknown(type: string): Review {
  const problems = [problem("", { code: "unknown_type", say: say.unknown_type })];
  return { type, values: emptyObject(), asked: new Set(), answered: 0, missing: [], problems, children: {}, instance: undefined };
}

/** One record under review. */
export class Instance {
  readonly values = new RecordValues();
  readonly asked: boolean[];
  readonly vars: Variables;
  readonly kids = new Map<string, Instance[]>();

  constructor(
    readonly type: RecordType,
    readonly entry: Entry,
    readonly outer: Instance | undefined,
    position: number,
    reference: string,
    readonly today: string,
  ) {
    this.asked = type.questions.map(() => true);
    this.vars = variables(outer?.vars ?? null);
    for (const q of type.questions) this.set(q.name, q.stored ? answered(bind(answer(entry.values, q.name))) : null);
    for (const kid of type.kids) {
      const list = (entry.children?.[kid.name] ?? []).map((e, i) => new Instance(kid, e, this, i + 1, reference, e.today || today));
      this.kids.set(kid.name, list);
      this.vars[kid.name] = list.map((c) => celMap(c.values as ReadonlyMap<string, CelInput> as Map<string, CelInput>));
    }
    this.vars.this = null;
    this.vars.position = position;
    this.vars.reference_date = reference || null;
    this.vars.today = today || null;
  }

  set(name: string, v: Value): void {
    this.values.set(name, v);
    this.vars[name] = v as CelInput;
  }

  get(name: string): Value {
    return this.values.get(name) ?? null;
  }

  /**
   * What an expression looks at that is asked and not answered. A list of
   * records that has none counts as that: the roster was not taken.
   */
  lacks(refs: Refs): string[] {
    const out = refs.names.filter((name) => this.lacksName(name));
    for (const [kind, questions] of refs.fields) {
      for (const kid of this.kids.get(kind) ?? []) {
        for (const name of questions) {
          if (kid.isOpen(name) && !out.includes(`${kind}.${name}`)) out.push(`${kind}.${name}`);
        }
      }
    }
    return out;
  }

  private lacksName(name: string): boolean {
    if (this.type.index.has(name)) return this.isOpen(name);
    const list = this.kids.get(name);
    return list !== undefined ? list.length === 0 : (this.outer?.lacksName(name) ?? false);
  }

  private isOpen(question: string): boolean {
    return this.asked[this.type.index.get(question)!]! && this.get(question) === null;
  }
}

/** Nothing chosen is no answer. */
function answered(v: Value): Value {
  return Array.isArray(v) && v.length === 0 ? null : v;
}

class Reviewer {
  private readonly instances = new Map<RecordType, Instance[]>();

  constructor(
    private readonly form: Form,
    private readonly alone: boolean, // the records around it are not known
    private readonly reference: string,
  ) {}

  run(type: RecordType, entry: Entry): Review {
    const root = new Instance(type, entry, undefined, 1, this.reference, entry.today ?? "");
    this.gather(root);
    this.compute();
    return this.review(root);
  }

  private gather(in_: Instance): void {
    const list = this.instances.get(in_.type);
    if (list === undefined) this.instances.set(in_.type, [in_]);
    else list.push(in_);
    for (const kids of in_.kids.values()) kids.forEach((k) => this.gather(k));
  }

  /** Runs relevance and calculations in order. */
  private compute(): void {
    for (const step of this.form.steps) {
      const q = step.type.questions[step.index]!;
      const section = step.type.sections.get(q.section)?.condition;
      for (const in_ of this.instances.get(step.type) ?? []) {
        const asked = this.holds(in_, section) && this.holds(in_, q.expressions.relevant);
        in_.asked[step.index] = asked;
        if (!asked) in_.set(q.name, null);
        else if (q.expressions.calculation !== undefined) this.calculate(in_, q.name, q.expressions.calculation);
      }
    }
  }

  private calculate(in_: Instance, name: string, e: Expression): void {
    if (this.beyond(in_, e)) return;
    const v = e.eval(in_.vars);
    if (v !== undefined) in_.set(name, native(v));
  }

  /** Whether a relevance is true. One that looks at records which are not known is taken to be. */
  private holds(in_: Instance, e: Expression | undefined): boolean {
    return e === undefined || this.beyond(in_, e) || e.truth(in_.vars) === true;
  }

  /** Whether the expression looks at records that are not known. */
  private beyond(in_: Instance, e: Expression): boolean {
    if (!this.alone) return false;
    const own: readonly string[] = ownVariables;
    return e.refs.fields.size > 0 || e.refs.names.some((n) => n === "position" || (!in_.type.index.has(n) && !own.includes(n)));
  }

  private review(in_: Instance): Review {
    const values = emptyObject<unknown>();
    for (const [name, v] of in_.values) if (v !== null) values[name] = unbind(v);
    const asked = new Set<string>();
    const missing: string[] = [];
    const problems: Problem[] = [];
    let answers = 0;
    in_.type.questions.forEach((q, i) => {
      if (!in_.asked[i]) return;
      asked.add(q.name);
      if (in_.get(q.name) === null) {
        if (this.required(in_, q)) missing.push(q.name);
        return;
      }
      if (!q.stored) return;
      answers++;
      const wrong = this.judge(in_, q);
      if (wrong) problems.push(wrong);
    });
    problems.push(...unknownQuestions(in_));
    const children = this.alone ? {} : this.below(in_, problems);
    return { type: in_.type.name, values, asked, answered: answers, missing, problems, children, instance: in_ };
  }

  private required(in_: Instance, q: Question): boolean {
    return q.stored && (q.required || (q.expressions.required !== undefined && this.holds(in_, q.expressions.required)));
  }

  /** Reviews the records below and counts them. */
  private below(in_: Instance, problems: Problem[]): Record<string, Review[]> {
    const children = emptyObject<Review[]>();
    for (const kid of in_.type.kids) {
      const list = in_.kids.get(kid.name) ?? [];
      const low = kid.min !== undefined && list.length < kid.min;
      const high = kid.max !== undefined && list.length > kid.max;
      if (low || high) problems.push(wrongNumber(kid));
      if (list.length > 0) children[kid.name] = list.map((c) => this.review(c));
    }
    return children;
  }

  /** Checks one answer: its type, then its choice, then its constraint. */
  private judge(in_: Instance, q: Question): Problem | undefined {
    const wrong = checkAnswer(q, answer(in_.entry.values, q.name));
    if (wrong) return problem(q.name, wrong);
    if (q.expressions.filter && !this.offered(in_, q, q.expressions.filter)) return problem(q.name, { code: "bad_choice", say: say.filtered });
    const c = q.expressions.constraint;
    if (c === undefined || this.beyond(in_, c)) return undefined;
    const vars = variables(in_.vars);
    vars.this = in_.get(q.name) as CelInput;
    if (c.truth(vars) !== false) return undefined;
    return problem(q.name, { code: "constraint", say: q.constraintMessage.th === "" ? say.constraint : q.constraintMessage });
  }

  /** Whether every choice taken is among those that the choice_filter lets through. */
  private offered(in_: Instance, q: Question, filter: Expression): boolean {
    if (this.beyond(in_, filter)) return true;
    const v = in_.get(q.name);
    for (const name of Array.isArray(v) ? v : [v]) {
      const c = q.choices.find((x) => x.name === name);
      if (c === undefined) continue;
      if (choiceOffered(in_, filter, c) === false) return false;
    }
    return true;
  }
}

function choiceOffered(in_: Instance, filter: Expression, c: Question["choices"][number]): boolean | undefined {
  const vars = variables(in_.vars);
  vars.choice = celMap(new Map<string, CelInput>([["name", c.name], ...Object.entries(c.filter ?? {})]));
  return filter.truth(vars);
}

/** The choices that a screen offers for a question of a reviewed record. */
export function offeredChoices(r: Review, question: string): readonly Question["choices"][number][] {
  const q = r.instance?.type.question(question);
  if (r.instance === undefined || q === undefined) return [];
  const filter = q.expressions.filter;
  if (filter === undefined) return q.choices;
  return q.choices.filter((c) => choiceOffered(r.instance!, filter, c) !== false);
}

/** Answers to questions that the form does not have. */
function unknownQuestions(in_: Instance): Problem[] {
  return (members(in_.entry.values) ?? [])
    .filter(([key, v]) => v !== null && v !== undefined && !in_.type.index.has(key) && !key.startsWith("_"))
    .map(([key]) => key)
    .sort(compareText)
    .map((key) => problem(key, { code: "unknown_question", say: say.unknown_question }));
}

function wrongNumber(t: RecordType): Problem {
  const text = fill(between(say.wrong_number, t.min, t.max), { label: t.label.th }, { label: t.label.en });
  return problem(t.name, { code: "wrong_number", say: text });
}
