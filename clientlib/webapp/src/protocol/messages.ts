import type { AreaCode } from "./area.js";
import { Buckets, type Digest, type Leaf } from "./digest.js";
import { MaxChunkRecords, MaxCursors, MaxDefinitionBytes, MaxDefinitions, MaxNeedItems } from "./bounds.js";
import {
  NoActor,
  NoDefinition,
  NoEpoch,
  NoHash,
  NoHash8,
  NoRecord,
  type ActorID,
  type DefinitionHash,
  type Epoch,
  type Hash,
  type Hash8,
  type RecordID,
} from "./ids.js";
import { area, bool, bytes, hex, int, label, list, map, recordID, text, tuple, uint, uintTo, type Codec } from "./wire.js";

// The messages of PROTOCOL.md, section 12: what each holds, and how it is
// written. Fields are called what the page calls them. How many items a request
// may hold is left to the office, which answers too_large and not bad_message.

// The parts.

/** The highest save of an actor that the office was ever pushed. */
export interface Head {
  readonly counter: number;
  readonly hash: Hash8;
}

/** How far the change feed of one tambon or village has come. */
export interface Feed {
  readonly area: AreaCode;
  readonly seq: number;
  readonly restored: number; // how much of it the parent epoch knew too
}

/** The office's word on one pushed record. */
export interface PushResult {
  readonly code: string; // a Result, or one of a later version
  readonly hash: Hash; // of the office's state now; zero if it holds none
  readonly detail: string;
}

/** How much of one feed a device holds. */
export interface Cursor {
  readonly area: AreaCode;
  readonly seq: number;
}

/** One changed record, or the news that one left the area. */
export interface PullRow {
  readonly cursor: number; // index into the request's cursors
  readonly record: Uint8Array; // empty when out is set
  readonly out: RecordID; // the record that left the area, else zero
}

/** Where one feed stands after the rows of an answer. */
export interface PullCursor {
  readonly area: AreaCode;
  readonly seq: number;
  readonly level: boolean; // nothing is left to pull
  readonly digest: Digest; // of the whole area at that moment; only when level
}

/** Names a state that the device holds. */
export interface NeedItem {
  readonly id: RecordID;
  readonly hash: Hash;
}

/** All that the device believes the office to hold of one leaf. */
export interface NeedLeaf {
  readonly area: AreaCode;
  readonly bucket: number;
  readonly items: readonly NeedItem[];
}

/** A form or an indicator set as canonical JSON. */
export interface Definition {
  readonly kind: string; // "form" or "indicators"
  readonly ref: string; // name@version
  readonly hash: DefinitionHash; // of body
  readonly body: Uint8Array;
}

/** What people call a village; what is not known is empty. */
export interface VillageName {
  readonly area: AreaCode;
  readonly name_th: string;
  readonly name_en: string;
  readonly local_gov: string; // code of its local government body
}

const actor = hex(NoActor);
const epoch = hex(NoEpoch);
const hash = hex(NoHash);
const definitionHash = hex(NoDefinition);
const record = bytes();
const bucket = uintTo(Buckets - 1);
const head = tuple<Head>({ counter: uint, hash: hex(NoHash8) });
const digest = tuple<Digest>({ count: uint, sum: hash });

function checkActor(m: { readonly actor: ActorID }): string | undefined {
  return m.actor === NoActor ? "actor is absent or zero" : undefined;
}

// enroll: exchanges an invitation for a device registration. No token.

export interface EnrollRequest {
  readonly code: string; // the 8 typed symbols, or
  readonly secret: string; // the secret from the QR code; the other is ""
  readonly alg: string; // "EdDSA" or "ES256"
  readonly key: Uint8Array; // EdDSA: 32 bytes; ES256: 65 bytes, uncompressed point
  readonly name: string; // what people call the device
  readonly app: string;
}

export interface EnrollResponse {
  readonly device: string; // UUID, the subject of its tokens
  readonly office: string; // UUID, the audience of its assertions
  readonly officer: string;
  readonly areas: readonly AreaCode[]; // the grants
  readonly time: number; // office clock, ms since 1970
}

export const enrollRequest = map<EnrollRequest>(
  { code: text, secret: text, alg: text, key: bytes(), name: label, app: label },
  ["code", "secret"],
);
export const enrollResponse = map<EnrollResponse>({ device: text, office: text, officer: text, areas: list(area), time: int });

// challenge: begins a login. token: ends it. No token.

export interface ChallengeRequest {
  readonly device: string;
}

export interface ChallengeResponse {
  readonly challenge: string; // what the device signs; works once, for two minutes of the office's clock
}

export interface TokenRequest {
  readonly assertion: string; // a JWT, see PROTOCOL.md, section 16
}

export interface TokenResponse {
  readonly access_token: string;
  readonly expires_in: number; // seconds
}

export const challengeRequest = map<ChallengeRequest>({ device: text });
export const challengeResponse = map<ChallengeResponse>({ challenge: text });
export const tokenRequest = map<TokenRequest>({ assertion: text });
export const tokenResponse = map<TokenResponse>({ access_token: text, expires_in: int });

// hello: opens a sync and tells the device where it stands.

export interface HelloRequest {
  readonly protocol: number;
  readonly actor: ActorID;
  readonly last: number; // the store's last counter
  readonly app: string;
  readonly time: number; // the device's clock, ms since 1970
}

export interface HelloResponse {
  readonly protocol: number;
  readonly office: string;
  readonly epoch: Epoch;
  readonly parent: Epoch; // the epoch that the restored backup belonged to; zero if none
  readonly officer: string;
  readonly areas: readonly AreaCode[]; // the grants
  readonly feeds: readonly Feed[]; // within the grants, sorted by area
  readonly head: Head; // of the request's actor; zero if unknown
  readonly decided: number;
  readonly time: number; // office clock, ms since 1970
  readonly definitions: Hash; // ask for definitions when it has changed; zero: there are none
}

export const helloRequest = map<HelloRequest>({ protocol: int, actor, last: uint, app: label, time: int }, [], checkActor);
export const helloResponse = map<HelloResponse>({
  protocol: int,
  office: text,
  epoch,
  parent: epoch,
  officer: text,
  areas: list(area),
  feeds: list(tuple<Feed>({ area, seq: uint, restored: uint })),
  head,
  decided: uint,
  time: int,
  definitions: hash,
});

// push: carries whole record states. Everything that the answer settles is on
// the office's disk.

export interface PushRequest {
  readonly actor: ActorID;
  readonly epoch: Epoch;
  readonly base: Head; // the office's head of the actor as the device knows it
  readonly records: readonly Uint8Array[];
}

export interface PushResponse {
  readonly results: readonly PushResult[]; // in the order of the request
  readonly head: Head; // the base of the next push
}

export const pushRequest = map<PushRequest>({ actor, epoch, base: head, records: list(record) }, [], checkActor);
export const pushResponse = map<PushResponse>({
  results: list(map<PushResult>({ code: text, hash, detail: text }, ["detail"]), MaxChunkRecords),
  head,
});

// pull: asks for what changed after the cursors. Rows and cursors of one answer
// must be stored in one transaction.

export interface PullRequest {
  readonly actor: ActorID; // whose own pushes need not come back; zero: send everything
  readonly epoch: Epoch;
  readonly cursors: readonly Cursor[];
  readonly max_records: number;
}

export interface PullResponse {
  readonly rows: readonly PullRow[];
  readonly cursors: readonly PullCursor[]; // one for each of the request, in its order
}

export const pullRequest = map<PullRequest>(
  { actor, epoch, cursors: list(tuple<Cursor>({ area, seq: uint })), max_records: int },
  [],
  (m) => (m.max_records < 0 ? `max_records ${m.max_records} is negative` : undefined),
);
export const pullResponse = map<PullResponse>(
  {
    rows: list(tuple<PullRow>({ cursor: int, record, out: recordID }), MaxChunkRecords),
    cursors: list(tuple<PullCursor>({ area, seq: uint, level: bool, digest }), MaxCursors),
  },
  [],
  checkRows,
);

function checkRows(m: PullResponse): string | undefined {
  for (const [i, row] of m.rows.entries()) {
    if (row.cursor < 0 || row.cursor >= m.cursors.length) return `row ${i} is of cursor ${row.cursor} of ${m.cursors.length}`;
    if ((row.record.length === 0) === (row.out === NoRecord)) return `row ${i}: want either a record or an id that left`;
  }
  return undefined;
}

// digest: asks for the leaves of some areas, those that are not empty.

export interface DigestRequest {
  readonly epoch: Epoch;
  readonly areas: readonly AreaCode[];
}

export interface DigestResponse {
  readonly leaves: readonly Leaf[];
}

export const digestRequest = map<DigestRequest>({ epoch, areas: list(area) });
export const digestResponse = map<DigestResponse>({ leaves: list(tuple<Leaf>({ area, bucket, digest })) });

// need: compares leaves item by item. The answer brings what the device lacks
// and names what the office lacks; a record that differs is in both lists.

export interface NeedRequest {
  readonly epoch: Epoch;
  readonly leaves: readonly NeedLeaf[];
}

export interface NeedResponse {
  readonly records: readonly Uint8Array[];
  readonly want: readonly RecordID[];
  readonly more: boolean; // the answer was cut; ask again for the rest
}

export const needRequest = map<NeedRequest>({
  epoch,
  leaves: list(tuple<NeedLeaf>({ area, bucket, items: list(tuple<NeedItem>({ id: recordID, hash })) })),
});
export const needResponse = map<NeedResponse>({ records: list(record), want: list(recordID, MaxNeedItems), more: bool });

// definitions: the rounds, forms, indicator sets and villages that concern the
// device. If the answer's hash is not the one asked for, it has changed
// meanwhile and this is its first page.

export interface DefinitionsRequest {
  readonly have: readonly DefinitionHash[]; // the same in all pages of one answer
  readonly hash: Hash; // of the answer whose further pages are asked for; zero for the first
  readonly skip: number; // how many items came with the pages before
}

export interface DefinitionsResponse {
  readonly hash: Hash;
  readonly rounds: readonly Uint8Array[]; // `_round` records whose areas overlap the grants
  readonly definitions: readonly Definition[]; // published at this office and not in have
  readonly all_hashes: readonly DefinitionHash[]; // of every published definition, also those in have
  readonly villages: readonly VillageName[]; // within the grants
  readonly more: boolean; // the page was cut; ask on with skip
}

export const definitionsRequest = map<DefinitionsRequest>({ have: list(definitionHash), hash, skip: uint });
export const definitionsResponse = map<DefinitionsResponse>({
  hash,
  rounds: list(record),
  definitions: list(map<Definition>({ kind: label, ref: label, hash: definitionHash, body: bytes(MaxDefinitionBytes) })),
  all_hashes: list(definitionHash, MaxDefinitions),
  villages: list(tuple<VillageName>({ area, name_th: label, name_en: label, local_gov: label })),
  more: bool,
});

/** One path of the office: what is sent there and what comes back. */
export interface Call<Q, A> {
  readonly path: string;
  readonly token: boolean; // whether it needs an access token
  readonly request: Codec<Q>;
  readonly response: Codec<A>;
}

function call<Q, A>(name: string, token: boolean, request: Codec<Q>, response: Codec<A>): Call<Q, A> {
  return { path: `/sync/v1/${name}`, token, request, response };
}

/** All that a device can ask, each with POST. */
export const calls = {
  enroll: call("enroll", false, enrollRequest, enrollResponse),
  challenge: call("challenge", false, challengeRequest, challengeResponse),
  token: call("token", false, tokenRequest, tokenResponse),
  hello: call("hello", true, helloRequest, helloResponse),
  push: call("push", true, pushRequest, pushResponse),
  pull: call("pull", true, pullRequest, pullResponse),
  digest: call("digest", true, digestRequest, digestResponse),
  need: call("need", true, needRequest, needResponse),
  definitions: call("definitions", true, definitionsRequest, definitionsResponse),
} as const;
