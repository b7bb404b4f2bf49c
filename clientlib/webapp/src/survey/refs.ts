import type { parse } from "@bufbuild/cel";
import { DefinitionError } from "./definition.js";
import { ours } from "./functions.js";

// What an expression looks at: the walker of syncproto/survey/expr.go over
// CEL's parsed syntax, macros opened up.

export type Expr = ReturnType<typeof parse>["expr"];
type Kind<C extends Expr["exprKind"]["case"]> = Extract<Expr["exprKind"], { case: C }>["value"];
type Call = Kind<"callExpr">;
type Select = Kind<"selectExpr">;
type Loop = Kind<"comprehensionExpr">;

/** What an expression looks at, in the order of its text. */
export interface Refs {
  readonly names: string[];
  /** By child type: the questions of its records. */
  readonly fields: Map<string, string[]>;
}

/** What names mean where an expression stands. */
export interface Names {
  /** Whether a variable of that name is declared. */
  known(name: string): boolean;
  /** Whether there is a function of that name. */
  callable(name: string): boolean;
  /** The questions of a child type; undefined if there is no list of that name. */
  child(name: string): readonly string[] | undefined;
}

/**
 * Finds what an expression looks at, and puts our own functions in place of has(),
 * `in` and the range of a loop, see functions.ts. Throws for names that are not known: this app
 * is too old for the form, or the form was never checked.
 */
export function refsOf(expr: Expr, names: Names): Refs {
  const w = new Walker(names);
  w.walk(expr);
  return w.refs;
}

class Walker {
  readonly refs: Refs = { names: [], fields: new Map() };
  /** Variable of a loop → the child type it goes over, "" for another list. */
  private readonly loops = new Map<string, string>();

  constructor(private readonly names: Names) {}

  walk(e: Expr | undefined): void {
    if (e === undefined) return;
    switch (e.exprKind.case) {
      case "identExpr":
        return this.name(e.exprKind.value.name);
      case "selectExpr":
        return this.field(e, e.exprKind.value);
      case "callExpr":
        return this.call(e.exprKind.value);
      case "listExpr":
        return e.exprKind.value.elements.forEach((x) => this.walk(x));
      case "structExpr":
        for (const entry of e.exprKind.value.entries) {
          if (entry.keyKind.case === "mapKey") this.walk(entry.keyKind.value);
          this.walk(entry.value);
        }
        return;
      case "comprehensionExpr":
        return this.loop(e.exprKind.value);
    }
  }

  private name(name: string): void {
    const kind = this.loops.get(name);
    if (kind !== undefined) {
      for (const question of this.names.child(kind) ?? []) this.look(kind, question); // the record as a whole
      return;
    }
    if (name.startsWith("@")) return; // CEL's own
    if (!this.names.known(name)) throw new DefinitionError(`there is no ${name}`);
    if (!this.refs.names.includes(name)) this.refs.names.push(name);
  }

  private call(c: Call): void {
    if (!this.names.callable(c.function)) throw new DefinitionError(`there is no ${c.function}()`);
    this.walk(c.target);
    c.args.forEach((x) => this.walk(x));
    if (c.function === "@in") c.function = ours.in;
  }

  private field(e: Expr, s: Select): void {
    if (s.testOnly) asCall(e, s);
    else {
      const whole = qualified(e);
      if (whole !== undefined && !this.loops.has(whole.split(".")[0]!) && this.names.known(whole)) return this.name(whole);
    }
    if (s.operand?.exprKind.case === "identExpr") {
      const kind = this.loops.get(s.operand.exprKind.value.name);
      if (kind !== undefined) return this.fieldOf(kind, s.field);
    }
    this.walk(s.operand);
  }

  private fieldOf(kind: string, field: string): void {
    const questions = this.names.child(kind);
    if (questions === undefined) return;
    if (!questions.includes(field)) throw new DefinitionError(`${kind} has no question ${field}`);
    this.look(kind, field);
  }

  private look(kind: string, question: string): void {
    const list = this.refs.fields.get(kind) ?? [];
    if (!list.includes(question)) list.push(question);
    this.refs.fields.set(kind, list);
  }

  /** A macro such as member.filter(m, m.age > 5.0). A list made of records is a list of records again. */
  private loop(l: Loop): void {
    this.walk(l.iterRange);
    const before = this.loops.get(l.iterVar);
    this.loops.set(l.iterVar, this.records(l.iterRange));
    this.walk(l.accuInit);
    this.walk(l.loopCondition);
    this.walk(l.result);
    // Of filter(m, …) the records themselves are gathered, which looks at none of their questions.
    this.walk(gathers(l) ? conditionOf(l) : l.loopStep);
    if (this.records(l.iterRange) === "") l.iterRange = callOf(ours.range, l.iterRange!);
    this.loops.delete(l.iterVar);
    if (before !== undefined) this.loops.set(l.iterVar, before);
  }

  /** The child type that a list holds records of, or "". */
  private records(list: Expr | undefined): string {
    if (list?.exprKind.case === "identExpr" && this.names.child(list.exprKind.value.name)) return list.exprKind.value.name;
    if (list?.exprKind.case === "comprehensionExpr" && gathers(list.exprKind.value)) return this.records(list.exprKind.value.iterRange);
    return "";
  }
}

/** "a.b" of a.b; undefined of anything but names. */
function qualified(e: Expr | undefined): string | undefined {
  if (e?.exprKind.case === "identExpr") return e.exprKind.value.name;
  if (e?.exprKind.case !== "selectExpr" || e.exprKind.value.testOnly) return undefined;
  const before = qualified(e.exprKind.value.operand);
  return before === undefined ? undefined : `${before}.${e.exprKind.value.field}`;
}

/** Writes has(a.b) as a call of our own function. */
function asCall(e: Expr, s: Select): void {
  const field = { $typeName: "cel.expr.Expr", id: e.id, exprKind: { case: "constExpr", value: { $typeName: "cel.expr.Constant", constantKind: { case: "stringValue", value: s.field } } } } as Expr;
  e.exprKind = callOf(ours.has, s.operand!, field).exprKind;
}

function callOf(name: string, ...args: Expr[]): Expr {
  return { $typeName: "cel.expr.Expr", id: args[0]!.id, exprKind: { case: "callExpr", value: { $typeName: "cel.expr.Expr.Call", function: name, args } } } as Expr;
}

function asCallTo(e: Expr | undefined, name: string): Call | undefined {
  return e?.exprKind.case === "callExpr" && e.exprKind.value.function === name ? e.exprKind.value : undefined;
}

function conditionOf(l: Loop): Expr | undefined {
  return asCallTo(l.loopStep, "_?_:_")?.args[0];
}

/** Whether the loop is a filter: accu = cond ? accu + [var] : accu. */
function gathers(l: Loop): boolean {
  const step = asCallTo(l.loopStep, "_?_:_");
  const add = step?.args[1];
  if (add?.exprKind.case !== "callExpr" || add.exprKind.value.args.length !== 2) return false;
  const list = add.exprKind.value.args[1];
  if (list?.exprKind.case !== "listExpr" || list.exprKind.value.elements.length !== 1) return false;
  const only = list.exprKind.value.elements[0];
  return only?.exprKind.case === "identExpr" && only.exprKind.value.name === l.iterVar;
}
