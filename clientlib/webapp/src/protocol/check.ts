import { isArea } from "./area.js";
import {
  GroupCarried,
  GroupFrom,
  GroupLife,
  GroupMergedInto,
  GroupParent,
  GroupRound,
  GroupScope,
  GroupState,
  type Record,
} from "./record.js";
import { isFalse, isMap, isNull, isReference, isTrue, textOf, type Value } from "./value.js";

/**
 * What is wrong with the reserved groups of a record: every answer in them must
 * have the right type. undefined if nothing is; an office refuses other
 * records. Other groups may hold anything, since a wrong answer is kept and
 * flagged, never refused.
 */
export function checkReserved(r: Record): string | undefined {
  for (const group of [GroupScope, GroupLife]) {
    if (!r.groups.get(group)?.length) return `record has no ${group}`;
  }
  for (const [group, entries] of r.groups) {
    for (const e of entries) {
      const want = wanted(group, e.value);
      if (want) return `${group} must be ${want}`;
    }
  }
  return undefined;
}

/** What the group must be, if v is not that. */
function wanted(group: string, v: Value): string | undefined {
  switch (group) {
    case GroupLife:
      return isTrue(v) || isFalse(v) ? undefined : "true or false";
    case GroupScope:
      return isArea(textOf(v) ?? "") ? undefined : "an area code";
    case GroupParent:
    case GroupMergedInto:
    case GroupRound:
    case GroupFrom:
      return isNull(v) || isReference(v) ? undefined : "a record id of 16 bytes or null";
    case GroupState:
      return isNull(v) || isMap(v) ? undefined : "a map or null";
    case GroupCarried:
      return isNull(v) || isTrue(v) || isFalse(v) ? undefined : "true, false or null";
  }
  return undefined;
}
