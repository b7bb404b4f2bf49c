import { celEnv, isCelError, isCelList, isCelUint, parse, plan, type CelEnv, type CelInput, type CelValue } from "@bufbuild/cel";
import { DefinitionError } from "./definition.js";
import { functions, type ChoiceLabel } from "./functions.js";
import { refsOf, type Names, type Refs } from "./refs.js";
import { utf8Length, type Value } from "./values.js";

// Expressions are CEL, the same on a tablet and at the office; see
// syncproto/survey/expr.go and FORMS.md. Every number is a double, an
// unanswered question is null, and an expression that needs a value where
// there is null has no result.

/** Variables of expressions that no question may be named as. */
export const ownVariables = ["this", "position", "reference_date", "today", "choice", "param"] as const;

const typeNames = ["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type"];

const maxBytes = 4096;
const maxSteps = 1_000_000;

/**
 * The variables that an expression sees: own keys and those of its prototypes,
 * which end in null. The record that encloses another is its prototype.
 */
export type Variables = Record<string, CelInput>;

/** Variables that hide those of outer. */
export function variables(outer: Variables | null): Variables {
  return Object.create(outer) as Variables;
}

/** The steps left to the expression that runs. One at a time does. */
let steps = Infinity;

/** A record's answers as expressions look at them in loops, which must end. */
export class RecordValues extends Map<string, Value> {
  override get(name: string): Value | undefined {
    if (--steps < 0) throw new Error("too many steps");
    return super.get(name);
  }
}

/** One compiled expression. */
export class Expression {
  constructor(
    readonly text: string,
    readonly refs: Refs,
    private readonly run: (vars: Variables) => CelValue | Error,
  ) {}

  /** Runs the expression; undefined: it has no result. */
  eval(vars: Variables): CelValue | undefined {
    steps = maxSteps;
    const out = this.run(vars);
    steps = Infinity;
    return isCelError(out) ? undefined : (out as CelValue);
  }

  /** Runs a condition; undefined: it cannot be told. */
  truth(vars: Variables): boolean | undefined {
    const out = this.eval(vars);
    return typeof out === "boolean" ? out : undefined;
  }
}

/** Compiles the expressions that stand in one place, each text once. */
export class Scope {
  private readonly env: CelEnv;
  private readonly done = new Map<string, Expression>();
  private readonly names: Names;

  constructor(
    label: ChoiceLabel,
    declared: ReadonlySet<string>,
    child: (name: string) => readonly string[] | undefined,
  ) {
    this.env = celEnv({ funcs: functions(label) });
    this.names = {
      known: (name) => declared.has(name) || typeNames.includes(name),
      callable: (name) => /^[^a-zA-Z]/.test(name) /* an operator */ || this.env.funcs.find(name) !== undefined,
      child,
    };
  }

  /** Compiles what stands at a place; undefined if nothing does. */
  compile(place: string, text: string | undefined): Expression | undefined {
    if (text === undefined || text === "") return undefined;
    let out = this.done.get(text);
    if (out === undefined) {
      try {
        out = this.compiled(text);
      } catch (err) {
        throw new DefinitionError(`${place}: ${err instanceof Error ? err.message : String(err)}`);
      }
      this.done.set(text, out);
    }
    return out;
  }

  private compiled(text: string): Expression {
    if (utf8Length(text) > maxBytes) throw new DefinitionError(`longer than ${maxBytes} bytes`);
    const parsed = parse(text);
    const refs = refsOf(parsed.expr, this.names);
    return new Expression(text, refs, plan(this.env, parsed) as (vars: Variables) => CelValue | Error);
  }
}

/** Turns the result of an expression into an answer; null if it is nothing that an answer can be. */
export function native(v: CelValue): Value {
  if (typeof v === "number") return Number.isFinite(v) ? v : null;
  if (typeof v === "bigint") return Number(v);
  if (isCelUint(v)) return Number(v.value);
  if (typeof v === "string" || typeof v === "boolean") return v;
  return isCelList(v) ? [...v].map(native) : null;
}
