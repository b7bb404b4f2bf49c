import {
  DefinitionError, isNumberType, isStored, noText, questionTypes,
  type Choice, type Column, type FormDefinition, type Notice, type Privacy, type QuestionDefinition, type QuestionType, type Section, type Text, type TypeDefinition,
} from "./definition.js";
import { ownVariables, Scope, type Expression } from "./expressions.js";
import { order, type Step } from "./order.js";
import { utf8Length } from "./values.js";

// A form, ready for use. The office has checked every definition before it was
// published (syncproto/survey/parse.go), so what is looked at here is only what
// keeps this app from being wrong or slow without a word: size, keys, types and
// functions that it does not know, and names.

const maxBytes = 4 << 20;
const maxTypes = 20;
const maxQuestions = 2000;
const maxChoices = 50_000;

/** The compiled expressions of a question. */
export interface Expressions {
  readonly required: Expression | undefined;
  readonly relevant: Expression | undefined;
  readonly constraint: Expression | undefined;
  readonly calculation: Expression | undefined;
  readonly filter: Expression | undefined;
}

/** One thing asked. Texts and lists are filled in; an empty text is none. */
export interface Question {
  readonly name: string;
  readonly type: QuestionType;
  readonly label: Text;
  readonly hint: Text;
  readonly section: string;
  readonly required: boolean; // always; see expressions.required for when
  readonly requiredMessage: Text;
  readonly constraintMessage: Text;
  readonly default: unknown; // undefined: none
  readonly choices: readonly Choice[];
  readonly rows: readonly Choice[];
  readonly columns: readonly Column[];
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly partial: boolean;
  readonly appearance: string;
  readonly group: string; // the unit of merge: its own name unless shared
  readonly privacy: Privacy;
  readonly carry: boolean;
  readonly stored: boolean;
  readonly expressions: Expressions;
}

/** A section and whether it is asked. */
export interface CompiledSection extends Section {
  readonly condition: Expression | undefined;
}

/** One kind of record, such as a household. */
export class RecordType {
  readonly name: string;
  readonly label: Text;
  readonly parent: string;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly unique: readonly (readonly string[])[];
  readonly alike: readonly (readonly string[])[];
  readonly search: readonly string[];
  readonly title: readonly string[];
  readonly sections: ReadonlyMap<string, CompiledSection>;
  readonly questions: readonly Question[];
  /** Question name → its place in questions. */
  readonly index: ReadonlyMap<string, number>;
  /** Groups of several questions: name → questions in form order. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** The types whose parent this is. */
  readonly kids: RecordType[] = [];

  constructor(
    d: TypeDefinition,
    readonly outer: RecordType | undefined,
    lists: Readonly<Record<string, readonly Choice[]>>,
  ) {
    this.name = d.name;
    this.label = d.label;
    this.parent = d.parent ?? "";
    this.min = d.min;
    this.max = d.max;
    this.unique = d.unique ?? [];
    this.alike = d.alike ?? [];
    this.search = d.search ?? [];
    this.title = d.title ?? [];
    this.questions = d.questions.map((q) => question(d.name, q, lists));
    this.index = new Map(this.questions.map((q, i) => [q.name, i]));
    if (this.index.size !== this.questions.length) throw new DefinitionError(`${d.name}: two questions of one name`);
    const groups = new Map<string, string[]>();
    for (const q of d.questions) {
      if (q.group !== undefined) groups.set(q.group, [...(groups.get(q.group) ?? []), q.name]);
    }
    this.groups = groups;
    this.sections = new Map((d.sections ?? []).map((s) => [s.name, { ...s, condition: undefined }]));
    outer?.kids.push(this);
  }

  /** The question of that name. */
  question(name: string): Question | undefined {
    const i = this.index.get(name);
    return i === undefined ? undefined : this.questions[i];
  }

  /** The record type whose list that name is, here or further out. */
  child(name: string): RecordType | undefined {
    return this.kids.find((k) => k.name === name) ?? this.outer?.child(name);
  }

  /** What choice_name answers. */
  choiceLabel(question: string, name: string): string | undefined {
    const q = this.question(question);
    if (q === undefined) return this.outer?.choiceLabel(question, name);
    return q.choices.find((c) => c.name === name)?.label.th;
  }

  /** The place where expressions of this type stand, with further variables. */
  scope(more: Iterable<string> = []): Scope {
    const names = new Set<string>([...ownVariables, ...more]);
    for (let t: RecordType | undefined = this; t !== undefined; t = t.outer) {
      for (const q of t.questions) names.add(q.name);
      for (const k of t.kids) names.add(k.name);
    }
    return new Scope(
      (question, name) => this.choiceLabel(question, name),
      names,
      (name) => this.child(name)?.questions.map((q) => q.name),
    );
  }
}

/** One version of a questionnaire. It does not change. */
export class Form {
  readonly name: string;
  readonly version: number;
  readonly title: Text;
  readonly draft: boolean;
  readonly notice: Notice | undefined;
  readonly types: readonly RecordType[];
  /** Relevance and calculations, each after what it needs. */
  readonly steps: readonly Step[];

  constructor(d: FormDefinition) {
    this.name = d.name;
    this.version = d.version;
    this.title = d.title;
    this.draft = d.draft ?? false;
    this.notice = d.notice;
    const types: RecordType[] = [];
    for (const t of d.record_types) {
      const outer = t.parent === undefined ? undefined : types.find((o) => o.name === t.parent);
      if (t.parent !== undefined && outer === undefined) throw new DefinitionError(`${t.name}: no record type ${t.parent} before this one`);
      types.push(new RecordType(t, outer, d.choices ?? {}));
    }
    this.types = types;
    types.forEach((t, i) => compile(t, d.record_types[i]!));
    this.steps = order(types);
  }

  /** What a save notes as its form: "bmn-2560@1". */
  get ref(): string {
    return `${this.name}@${this.version}`;
  }

  /** The record type of that name. */
  type(name: string): RecordType | undefined {
    return this.types.find((t) => t.name === name);
  }
}

/** Makes a form of the JSON that the office sends. Throws DefinitionError. */
export function loadForm(json: string): Form {
  const d = readJSON(json) as FormDefinition;
  if ((d.kind ?? "form") !== "form") throw new DefinitionError("is no form");
  knownKeys("", d, ["kind", "name", "version", "title", "draft", "note", "sources", "notice", "choices", "record_types"]);
  const types = listOf("record_types", d.record_types, maxTypes);
  for (const t of types) {
    knownKeys(t.name, t, ["name", "label", "parent", "min", "max", "unique", "alike", "search", "title", "sections", "questions"]);
    for (const q of listOf(`${t.name}.questions`, t.questions, maxQuestions)) {
      knownKeys(`${t.name}.${q.name}`, q, questionKeys);
      if (!questionTypes.includes(q.type)) throw new DefinitionError(`${t.name}.${q.name}: unknown type ${q.type}`);
    }
  }
  return new Form(d);
}

const questionKeys = [
  "name", "type", "label", "hint", "section", "required", "required_message", "relevant", "constraint", "constraint_message", "calculation",
  "default", "choices", "choice_filter", "rows", "columns", "min", "max", "partial", "appearance", "group", "privacy", "carry",
];

/** Reads a definition's JSON, not more than is allowed. */
export function readJSON(json: string): object {
  if (json.length > maxBytes || utf8Length(json) > maxBytes) throw new DefinitionError(`more than ${maxBytes} bytes`);
  let d: unknown;
  try {
    d = JSON.parse(json);
  } catch {
    throw new DefinitionError("is no JSON");
  }
  if (typeof d !== "object" || d === null || Array.isArray(d)) throw new DefinitionError("want an object");
  return d;
}

/** Refuses keys that this app does not know: they would change what is collected. */
export function knownKeys(place: string, o: object, keys: readonly string[]): void {
  if (typeof o !== "object" || o === null) throw new DefinitionError(`${place}: want an object`);
  for (const key of Object.keys(o)) {
    if (!keys.includes(key)) throw new DefinitionError(`${place}: unknown key ${key}`);
  }
}

/** A list of at least one and at most so many. */
export function listOf<T>(place: string, list: readonly T[] | undefined, most: number): readonly T[] {
  if (!Array.isArray(list) || list.length === 0 || list.length > most) throw new DefinitionError(`${place}: want a list of 1 to ${most}`);
  return list as readonly T[];
}

const noExpressions: Expressions = { required: undefined, relevant: undefined, constraint: undefined, calculation: undefined, filter: undefined };

function question(type: string, q: QuestionDefinition, lists: Readonly<Record<string, readonly Choice[]>>): Question {
  const choices = (list: string | readonly Choice[] | undefined): readonly Choice[] => {
    const found = typeof list === "string" ? (Object.hasOwn(lists, list) ? lists[list] : undefined) : (list ?? []);
    return found !== undefined && found.length === 0 ? found : listOf(`${type}.${q.name}.choices`, found, maxChoices);
  };
  return {
    name: q.name, type: q.type, label: q.label, hint: q.hint ?? noText, section: q.section ?? "", required: q.required === true,
    requiredMessage: q.required_message ?? noText, constraintMessage: q.constraint_message ?? noText, default: q.default,
    choices: choices(q.choices), rows: choices(q.rows), columns: q.columns ?? [],
    min: isNumberType(q.type) ? q.min : undefined, max: isNumberType(q.type) ? q.max : undefined,
    partial: q.partial ?? false, appearance: q.appearance ?? "", group: q.group ?? q.name, privacy: q.privacy ?? "", carry: q.carry ?? false,
    stored: isStored(q.type), expressions: noExpressions,
  };
}

/** Compiles what a type's definition holds, once every type is there. */
function compile(t: RecordType, d: TypeDefinition): void {
  const scope = t.scope();
  for (const s of t.sections.values()) {
    Object.assign(s, { condition: scope.compile(`${t.name}.${s.name}.relevant`, s.relevant) });
  }
  d.questions.forEach((q, i) => {
    const at = `${t.name}.${q.name}`;
    const expressions: Expressions = {
      required: scope.compile(`${at}.required`, typeof q.required === "string" ? q.required : undefined),
      relevant: scope.compile(`${at}.relevant`, q.relevant),
      constraint: scope.compile(`${at}.constraint`, q.constraint),
      calculation: scope.compile(`${at}.calculation`, q.calculation),
      filter: scope.compile(`${at}.choice_filter`, q.choice_filter),
    };
    Object.assign(t.questions[i]!, { expressions });
  });
}
