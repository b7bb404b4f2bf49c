// Forms and indicator sets as data: the keys of syncproto/survey/FORMS.md, as
// they stand in the JSON that the office sends. Published definitions never
// change, so everything here is read-only.

/** One sentence or label in the two languages. */
export interface Text {
  readonly th: string;
  readonly en: string;
}

export const noText: Text = { th: "", en: "" };

/** One answer of a list. `name` is what is stored; a choice_filter looks at `filter`. */
export interface Choice {
  readonly name: string;
  readonly label: Text;
  readonly filter?: Readonly<Record<string, string>>;
}

export const questionTypes = [
  "text", "bool", "int", "decimal", "money", "choice", "multi", "geopoint", "thai_id", "date", "time",
  "datetime", "photo", "signature", "barcode", "note", "calculate", "count_table", "table",
] as const;

/** What values a question takes. */
export type QuestionType = (typeof questionTypes)[number];

/** Why an answer needs care: id (masked in lists), name, s26 (religion, health). */
export type Privacy = "" | "id" | "name" | "s26";

/** One column of a table. */
export interface Column {
  readonly name: string;
  readonly type: QuestionType;
  readonly label: Text;
  readonly min?: number;
  readonly max?: number;
}

export interface Section {
  readonly name: string;
  readonly label: Text;
  readonly relevant?: string;
  readonly appearance?: string;
}

export interface QuestionDefinition {
  readonly name: string;
  readonly type: QuestionType;
  readonly label: Text;
  readonly hint?: Text;
  readonly section?: string;
  readonly required?: boolean | string;
  readonly required_message?: Text;
  readonly relevant?: string;
  readonly constraint?: string;
  readonly constraint_message?: Text;
  readonly calculation?: string;
  readonly default?: unknown;
  readonly choices?: string | readonly Choice[];
  readonly choice_filter?: string;
  readonly rows?: string | readonly Choice[];
  readonly columns?: readonly Column[];
  readonly min?: number;
  readonly max?: number;
  readonly partial?: boolean;
  readonly appearance?: string;
  readonly group?: string;
  readonly privacy?: Privacy;
  readonly carry?: boolean;
}

export interface TypeDefinition {
  readonly name: string;
  readonly label: Text;
  readonly parent?: string;
  readonly min?: number;
  readonly max?: number;
  readonly unique?: readonly (readonly string[])[];
  readonly alike?: readonly (readonly string[])[];
  readonly search?: readonly string[];
  readonly title?: readonly string[];
  readonly sections?: readonly Section[];
  readonly questions: readonly QuestionDefinition[];
}

/** What a family is told before it signs. */
export interface Notice {
  readonly version: string;
  readonly text: Text;
}

export interface FormDefinition {
  readonly kind?: "form";
  readonly name: string;
  readonly version: number;
  readonly title: Text;
  readonly draft?: boolean;
  readonly note?: Text;
  readonly sources?: readonly string[];
  readonly notice?: Notice;
  readonly choices?: Readonly<Record<string, readonly Choice[]>>;
  readonly record_types: readonly TypeDefinition[];
}

/** To whom or when an indicator applies. */
export interface Applicable {
  readonly count?: string;
  readonly where?: readonly string[];
  readonly value?: string;
  readonly when?: string;
}

export interface Indicator {
  readonly no: number;
  readonly code: string;
  readonly dimension?: number;
  readonly name: Text;
  readonly unit: "person" | "household" | "village";
  readonly applies_to?: Text;
  readonly applicable?: Applicable;
  readonly failing?: string;
  readonly pass?: string;
  readonly score?: string;
  readonly reason?: Text;
  readonly empty?: boolean;
  readonly certainty?: string;
  readonly sources?: readonly string[];
  readonly note?: string;
}

export interface Level {
  readonly level: number;
  readonly name: Text;
  readonly when: string;
}

export interface SetDefinition {
  readonly kind: "indicators";
  readonly name: string;
  readonly version: number;
  readonly title: Text;
  readonly draft?: boolean;
  readonly note?: Text;
  readonly sources?: readonly string[];
  readonly form: string;
  readonly record_type: string;
  readonly parameters?: Readonly<Record<string, number>>;
  readonly dimensions?: readonly { readonly no: number; readonly name: Text }[];
  readonly definitions?: Readonly<Record<string, string>>;
  readonly indicators: readonly Indicator[];
  readonly levels?: readonly Level[];
  readonly groups?: readonly { readonly name: string; readonly label: Text; readonly indicators: readonly number[] }[];
}

/** Numbers are answers of these types. */
export function isNumberType(t: QuestionType): boolean {
  return t === "int" || t === "decimal" || t === "money";
}

/** Whether a question of the type has answers that are kept. */
export function isStored(t: QuestionType): boolean {
  return t !== "note" && t !== "calculate";
}

/**
 * A definition cannot be used here. The office checked it before it was
 * published, so this app is too old for it, or it came to harm on the way.
 */
export class DefinitionError extends Error {
  override readonly name = "DefinitionError";
}

/** Splits "bmn-2560@1"; undefined if it is no such reference. */
export function splitRef(ref: string): { name: string; version: string } | undefined {
  const at = ref.indexOf("@");
  if (at <= 0 || at === ref.length - 1) return undefined;
  return { name: ref.slice(0, at), version: ref.slice(at + 1) };
}
