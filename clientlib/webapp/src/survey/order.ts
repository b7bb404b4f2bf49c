import { DefinitionError } from "./definition.js";
import type { Expression } from "./expressions.js";
import type { Question, RecordType } from "./form.js";

/** Computes one question in every record of its type: whether it is asked and, of a calculate, its value. */
export interface Step {
  readonly type: RecordType;
  readonly index: number;
}

/** Puts relevance and calculations in an order in which each finds what it needs; refuses a circle by name. */
export function order(types: readonly RecordType[]): Step[] {
  const o = new Orderer();
  for (const t of types) t.questions.forEach((_, i) => o.visit(t, i));
  return o.out;
}

class Orderer {
  readonly out: Step[] = [];
  private readonly done = new Set<Question>();
  private readonly path: Question[] = [];

  visit(t: RecordType, index: number): void {
    const q = t.questions[index]!;
    if (this.done.has(q)) return;
    const from = this.path.indexOf(q);
    if (from >= 0) throw new DefinitionError(`${t.name}.${q.name} depends on itself: ${this.path.slice(from).map((x) => x.name).join(" → ")}`);
    this.path.push(q);
    const needs = needsOf(t, q);
    for (const e of needs) {
      for (const name of e.refs.names) this.visitName(t, name);
      for (const [kind, questions] of e.refs.fields) {
        const kid = t.child(kind);
        for (const name of questions) if (kid) this.visit(kid, kid.index.get(name)!);
      }
    }
    this.path.pop();
    this.done.add(q);
    if (needs.length > 0) this.out.push({ type: t, index });
  }

  private visitName(t: RecordType | undefined, name: string): void {
    for (; t !== undefined; t = t.outer) {
      const i = t.index.get(name);
      if (i !== undefined) return this.visit(t, i);
    }
  }
}

/** The expressions that decide the question's value. */
function needsOf(t: RecordType, q: Question): Expression[] {
  return [t.sections.get(q.section)?.condition, q.expressions.relevant, q.expressions.calculation].filter((e) => e !== undefined);
}
