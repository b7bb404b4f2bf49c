import { DefinitionError, splitRef, type SetDefinition } from "./definition.js";
import { loadForm, readJSON, type Form } from "./form.js";
import { Indicators, loadSet, noSet, setRef } from "./indicators.js";
import { covers, type Round } from "./round.js";
import { compareText } from "./values.js";

// The forms and sets that a tablet holds: syncproto/survey/catalog.go.

/** Which round a record belongs to, and those it could belong to. */
export interface RoundChoice {
  readonly found: Round | undefined;
  readonly candidates: readonly Round[];
}

/** A collection of forms and indicator sets. A definition with a reference that is there already takes its place. */
export class Catalog {
  private readonly forms: Form[] = [];
  private readonly sets: SetDefinition[] = [];
  private readonly bound = new Map<string, Indicators>();

  /** Adds a definition from the JSON that the office sends. Throws DefinitionError. */
  add(json: string): void {
    this.bound.clear();
    if ((readJSON(json) as { kind?: unknown }).kind === "indicators") {
      const s = loadSet(json);
      replace(this.sets, s, (x) => setRef(x) === setRef(s));
      this.sets.sort((a, b) => compareText(a.name, b.name) || a.version - b.version);
      return;
    }
    const f = loadForm(json);
    replace(this.forms, f, (x) => x.ref === f.ref);
    this.forms.sort((a, b) => compareText(a.name, b.name) || a.version - b.version);
  }

  /** A form by reference, or the newest version by name. */
  form(ref: string): Form | undefined {
    return this.forms.filter((f) => f.ref === ref || f.name === ref).reduce<Form | undefined>(newest, undefined);
  }

  /** A set by reference, or the newest version by name. */
  set(ref: string): SetDefinition | undefined {
    return this.sets.filter((s) => setRef(s) === ref || s.name === ref).reduce<SetDefinition | undefined>(newest, undefined);
  }

  /** The set written for a form: the newest of the form's own name, else the first of another. */
  setFor(formRef: string): SetDefinition | undefined {
    const name = splitRef(formRef)?.name ?? "";
    const fitting = this.sets.filter((s) => s.form === formRef);
    const own = fitting.filter((s) => s.name === name);
    const first = fitting[0]?.name;
    return (own.length > 0 ? own : fitting.filter((s) => s.name === first)).reduce<SetDefinition | undefined>(newest, undefined);
  }

  /** The forms that have a record type, newest version of each name, drafts last. */
  byType(recordType: string): Form[] {
    const found = new Map<string, Form>();
    for (const f of this.forms) if (f.type(recordType)) found.set(f.name, newest(found.get(f.name), f));
    return [...found.values()].sort((a, b) => Number(a.draft) - Number(b.draft) || compareText(a.name, b.name));
  }

  /** The form by which a record is read: the one its last save names, else another version of that, else the first that has its type. */
  formFor(recordType: string, ref: string): Form | undefined {
    for (const want of [ref, splitRef(ref)?.name ?? ""]) {
      const f = want === "" ? undefined : this.form(want);
      if (f?.type(recordType)) return f;
    }
    return this.byType(recordType)[0];
  }

  /** Binds a set to a form; the outcome is kept. "" for a round without indicators. Throws DefinitionError. */
  indicators(formRef: string, ref: string): Indicators {
    const key = `${formRef}\n${ref}`;
    const kept = this.bound.get(key);
    if (kept) return kept;
    const form = this.form(formRef);
    if (form === undefined) throw new DefinitionError(`no form ${formRef} here`);
    const set = ref === "" ? noSet(form) : this.set(ref);
    if (set === undefined) throw new DefinitionError(`no indicator set ${ref} here`);
    const x = new Indicators(form, set);
    this.bound.set(key, x);
    return x;
  }

  /**
   * The round of a record that names none: the only open one that covers its
   * area and whose form has its type, or, if none is open, the only closed one.
   * formName, if not "", is the form that the record was filled under.
   */
  roundFor(rounds: readonly Round[], recordType: string, code: string, formName: string): RoundChoice {
    const fitting = rounds.filter((r) => {
      const f = this.form(r.form);
      return f?.type(recordType) !== undefined && covers(r, code) && (formName === "" || f.name === formName);
    });
    const open = fitting.filter((r) => r.open);
    const candidates = open.length > 0 ? open : fitting;
    return { found: candidates.length === 1 ? candidates[0] : undefined, candidates };
  }
}

function newest<T extends { readonly version: number }>(a: T | undefined, b: T): T {
  return a === undefined || a.version < b.version ? b : a;
}

function replace<T>(list: T[], item: T, same: (x: T) => boolean): void {
  const i = list.findIndex(same);
  if (i < 0) list.push(item);
  else list[i] = item;
}
