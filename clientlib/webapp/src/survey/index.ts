// Forms, indicators and rounds: the rooms of syncproto/survey in TypeScript,
// from the same definitions and with the same outcomes. Pure: no storage, no
// clock, no network. FORMS.md says what everything means; the tests compare
// every outcome with Go's.
export * from "./catalog.js";
export { checkDate, validDay } from "./check.js";
export * from "./citizen.js";
export * from "./definition.js";
export { Form, loadForm, RecordType, type Question } from "./form.js";
export * from "./groups.js";
export * from "./indicators.js";
export { grouped } from "./numbers.js";
export { checkRecord, countProblems, isComplete, offeredChoices, review, type Entry, type Review } from "./review.js";
export * from "./round.js";
export type { Code, Problem } from "./sentences.js";
export * from "./tally.js";
export { answer, type Answers } from "./values.js";
