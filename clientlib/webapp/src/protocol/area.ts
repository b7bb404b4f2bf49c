// The codes of Thailand's administrative areas: two ASCII digits for each of
// province, amphoe, tambon and village, so that an area's code begins with
// that of the area that it lies in. What an area is called is not known here.

/** A code of 2, 4, 6 or 8 digits. "" is no area. */
export type AreaCode = string;

/** 1 province, 2 amphoe, 3 tambon, 4 village; 0 for what is no code. */
export function areaLevel(code: AreaCode): 0 | 1 | 2 | 3 | 4 {
  return /^(?:(?!00)[0-9]{2}){1,4}$/.test(code) ? ((code.length / 2) as 1 | 2 | 3 | 4) : 0;
}

export function isArea(code: AreaCode): boolean {
  return areaLevel(code) !== 0;
}

/** Reports whether inner is outer or lies within it. What is no code contains nothing. */
export function areaContains(outer: AreaCode, inner: AreaCode): boolean {
  return isArea(outer) && isArea(inner) && inner.startsWith(outer);
}

/** The key of the change feed that carries the records of code: its tambon, or a shorter code itself. */
export function feedOf(code: AreaCode): AreaCode {
  return isArea(code) ? code.slice(0, 6) : "";
}

/** Reports whether a cursor on cursor covers records of code: a shorter code than a tambon covers only itself. */
export function cursorCovers(cursor: AreaCode, code: AreaCode): boolean {
  return cursor.length < 6 ? cursor === code : areaContains(cursor, code);
}
