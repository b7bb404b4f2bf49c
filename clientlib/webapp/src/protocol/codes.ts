// The office's words on records and requests. What a device does next is in
// PROTOCOL.md, sections 13 and 14.

/** The office's word on one pushed record. A later version may send others, which do not settle. */
export type Result =
  | "stored" // kept as pushed
  | "merged" // joined with newer saves; the next pull brings the outcome
  | "already" // nothing new in it
  | "quarantined" // outside the grants: in the inbox, a supervisor decides
  | "rejected" // a supervisor decided against it; the device keeps it and tells the officer
  | "invalid" // not readable as a record: in the inbox; the device keeps it
  | "inbox_full" // not kept by the office: the device keeps it and tries again later
  | "store_error"; // the office could not read its own copy: keep and try again later

/** Reports whether the office now holds everything that was pushed. */
export function settles(code: string): boolean {
  return code === "stored" || code === "merged" || code === "already";
}

/** The `code` of a problem document. A later version may send others, which count by their status. */
export type ErrorCode =
  | "bad_message" // 400
  | "protocol_unsupported" // 400
  | "unauthenticated" // 401
  | "token_expired" // 401
  | "challenge_expired" // 401
  | "device_revoked" // 401
  | "forbidden" // 403
  | "invitation_invalid" // 403
  | "not_found" // 404
  | "method_not_allowed" // 405
  | "epoch_changed" // 409
  | "head_mismatch" // 409
  | "actor_reset" // 409
  | "too_large" // 413
  | "unsupported_encoding" // 415
  | "too_many_requests" // 429
  | "internal" // 500
  | "unavailable"; // 503

/** The body of every error, RFC 9457 in application/problem+json. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string; // an ErrorCode, or one of a later version
  readonly detail: string; // one sentence for a person, in English
  readonly detail_th: string; // and in Thai
}

/** Reads the body of an error. undefined: it is not from the office (a proxy, a captive portal) and counts as no network. */
export function readProblem(body: string): Problem | undefined {
  let m: { readonly [key: string]: unknown };
  try {
    m = Object(JSON.parse(body)) as typeof m;
  } catch {
    return undefined;
  }
  const text = (key: string): string => (typeof m[key] === "string" ? m[key] : "");
  if (text("code") === "") return undefined;
  return {
    type: text("type"),
    title: text("title"),
    status: typeof m["status"] === "number" ? m["status"] : 0,
    code: text("code"),
    detail: text("detail"),
    detail_th: text("detail_th"),
  };
}
