import { hiddenId, maskCitizenId } from "./citizen.js";
import type { Privacy } from "./definition.js";
import type { RecordType } from "./form.js";
import { emptyObject, members, type Answers } from "./values.js";

// A record holds groups, the units of merge; screens and checks want flat
// answers. See syncproto/survey/groups.go for the whole story: a part that the
// form does not place in its group is the flat key "group/part".

interface Place {
  readonly group: string;
  readonly part: string;
  readonly shared: boolean;
}

/** The merge group of a flat key. An unknown question is a group of its own. */
export function groupOf(t: RecordType | undefined, key: string): string {
  return place(t, key).group;
}

/** The questions of a group of several, in form order. */
export function membersOf(t: RecordType | undefined, group: string): readonly string[] {
  return t?.groups.get(group) ?? [];
}

/** Where a flat key's value lives. */
function place(t: RecordType | undefined, key: string): Place {
  const q = t?.question(key);
  if (q) return { group: q.group, part: key, shared: t!.groups.has(q.group) };
  if (t?.groups.has(key)) return { group: key, part: key, shared: true };
  const at = key.indexOf("/");
  const group = at < 0 ? key : key.slice(0, at);
  const part = at < 0 ? "" : key.slice(at + 1);
  if (t?.groups.has(group) && flatKey(t, group, part) === key) return { group, part, shared: true };
  return { group: key, part: "", shared: false };
}

/** The inverse of place for a part of a group of several questions. */
function flatKey(t: RecordType, group: string, part: string): string {
  return part === group || t.question(part)?.group === group ? part : `${group}/${part}`;
}

/** The flat answers of a record's groups. Nulls are left out: no answer. Neither copies nor changes what is nested. */
export function unpack(t: RecordType | undefined, groups: Answers): Record<string, unknown> {
  const flat = emptyObject<unknown>();
  const put = (key: string, v: unknown) => {
    if (v !== null && v !== undefined) flat[key] = v;
  };
  const list = members(groups) ?? [];
  for (const [g, v] of list) if (!t?.groups.has(g)) put(g, v);
  for (const [g, v] of list) {
    if (!t?.groups.has(g)) continue; // second, so that a question's own group wins
    const parts = members(v);
    if (parts === undefined) put(g, v);
    else for (const [part, x] of parts) put(flatKey(t, g, part), x);
  }
  return flat;
}

/**
 * The groups that a save of changes writes, and no others: for a group of
 * several questions the parts of current with the changes over them. A null
 * change clears; a group without any part left is null.
 */
export function pack(t: RecordType | undefined, current: Answers, changes: Answers): Record<string, unknown> {
  const groups = emptyObject<unknown>();
  const several = new Map<string, Map<string, unknown>>();
  for (const [key, v] of members(changes) ?? []) {
    const p = place(t, key);
    if (p.shared) several.set(p.group, new Map());
    else groups[p.group] = v ?? null;
  }
  for (const [key, v] of [...(members(current) ?? []), ...(members(changes) ?? [])]) {
    const p = place(t, key);
    if (p.shared) several.get(p.group)?.set(p.part, v ?? null);
  }
  for (const [group, parts] of several) groups[group] = groupValue(t, group, parts);
  return groups;
}

/** What a group of several questions stores. A bare value stays bare while it is alone. */
function groupValue(t: RecordType | undefined, group: string, parts: Map<string, unknown>): unknown {
  for (const [part, v] of parts) if (v === null) parts.delete(part);
  if (parts.size === 0) return null;
  const bare = parts.get(group) ?? null;
  if (bare !== null && parts.size === 1 && members(bare) === undefined && !t?.index.has(group)) return bare;
  const out = emptyObject<unknown>();
  for (const [part, v] of parts) out[part] = v;
  return out;
}

const hiddenAnswer = "***";

/**
 * A copy of flat answers as a list may show them: ids with their last digits
 * only, religion and health as "***", and so unknown parts of a group with such
 * a question. Other answers unknown to the form are returned as they are.
 */
export function mask(t: RecordType | undefined, values: Answers): Record<string, unknown> {
  const out = emptyObject<unknown>();
  for (const [key, v] of members(values) ?? []) {
    out[key] = v ?? null;
    if (out[key] === null) continue;
    const privacy = privacyOf(t, key);
    if (privacy === "id") out[key] = typeof v === "string" ? maskCitizenId(v) : hiddenId;
    if (privacy === "s26") out[key] = hiddenAnswer;
  }
  return out;
}

/** What guards a flat key: its question's mark, or the strictest of its group's if the form does not know it. */
function privacyOf(t: RecordType | undefined, key: string): Privacy {
  const q = t?.question(key);
  if (q) return q.privacy;
  const marks = membersOf(t, groupOf(t, key)).map((m) => t!.question(m)!.privacy);
  if (marks.includes("id")) return "id";
  return marks.includes("s26") ? "s26" : "";
}
