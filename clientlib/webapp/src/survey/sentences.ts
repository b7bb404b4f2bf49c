import type { QuestionType, Text } from "./definition.js";
import { plain } from "./numbers.js";
import texts from "./sentences.json" with { type: "json" };

// The sentences of problems. sentences.json is written by Go
// (syncproto/survey/sentences_test.go), so that office and tablet say the same.

/** Names a kind of problem, for programs. */
export type Code =
  | "wrong_type" | "out_of_range" | "bad_choice" | "bad_citizen_id" | "bad_date" | "unknown_question" | "unknown_type" | "constraint" | "wrong_number";

/** Says what is wrong with one answer and what to do about it, never repeating the answer. */
export interface Problem {
  readonly question: string; // a flat key; empty for unknown_type
  readonly code: Code;
  readonly th: string;
  readonly en: string;
}

/** What is wrong with an answer, before it is known which. */
export interface Fault {
  readonly code: Code;
  readonly say: Text;
}

export const say = texts;

export function wrongType(t: QuestionType): Fault {
  return { code: "wrong_type", say: (texts.wrong_type as Record<string, Text>)[t] ?? { th: "", en: "" } };
}

export function problem(question: string, f: Fault): Problem {
  return { question, code: f.code, th: f.say.th, en: f.say.en };
}

/** The sentence of a range, or of how many there must be. */
export function between(s: { both: Text; least: Text; most: Text; neither?: Text }, least: number | undefined, most: number | undefined): Text {
  if (least !== undefined && most !== undefined) return fill(s.both, { min: plain(least), max: plain(most) });
  if (least !== undefined) return fill(s.least, { min: plain(least) });
  if (most !== undefined) return fill(s.most, { max: plain(most) });
  return s.neither ?? { th: "", en: "" };
}

/** Puts words in the places of a sentence such as {min}. */
export function fill(t: Text, words: Readonly<Record<string, string>>, english = words): Text {
  const put = (s: string, w: Readonly<Record<string, string>>) => s.replace(/\{(\w+)\}/g, (whole, name: string) => w[name] ?? whole);
  return { th: put(t.th, words), en: put(t.en, english) };
}
