package syncproto

// Result is the office's word on one pushed record. Each value and what the
// device does next is in PROTOCOL.md, "Result codes".
type Result string

// The results of a push. After the first three the office's state contains
// everything that was pushed, so the device may count the record as sent.
const (
	ResultStored      Result = "stored"      // kept as pushed
	ResultMerged      Result = "merged"      // joined with newer saves; the next pull brings the outcome
	ResultAlready     Result = "already"     // nothing new in it
	ResultQuarantined Result = "quarantined" // outside the grants: in the inbox, a supervisor decides
	ResultRejected    Result = "rejected"    // a supervisor decided against it; the device keeps it and tells the officer
	ResultInvalid     Result = "invalid"     // not readable as a record: in the inbox; the device keeps it
	ResultInboxFull   Result = "inbox_full"  // not kept by the office: the device keeps it and tries again later
	ResultStoreError  Result = "store_error" // the office could not read its own copy: keep and try again later
)

// Settles reports whether the office now holds everything that was pushed.
func (r Result) Settles() bool {
	return r == ResultStored || r == ResultMerged || r == ResultAlready
}

// ErrorCode is the `code` of a problem document. Each value, its HTTP status
// and what the device does next is in PROTOCOL.md, "Errors".
type ErrorCode string

// The errors under /sync/v1/.
const (
	CodeBadMessage          ErrorCode = "bad_message"          // 400
	CodeProtocolUnsupported ErrorCode = "protocol_unsupported" // 400
	CodeUnauthenticated     ErrorCode = "unauthenticated"      // 401
	CodeTokenExpired        ErrorCode = "token_expired"        // 401
	CodeChallengeExpired    ErrorCode = "challenge_expired"    // 401
	CodeDeviceRevoked       ErrorCode = "device_revoked"       // 401
	CodeForbidden           ErrorCode = "forbidden"            // 403
	CodeNotFound            ErrorCode = "not_found"            // 404
	CodeInvitationInvalid   ErrorCode = "invitation_invalid"   // 403
	CodeEpochChanged        ErrorCode = "epoch_changed"        // 409
	CodeHeadMismatch        ErrorCode = "head_mismatch"        // 409
	CodeActorReset          ErrorCode = "actor_reset"          // 409
	CodeTooLarge            ErrorCode = "too_large"            // 413
	CodeUnsupportedEncoding ErrorCode = "unsupported_encoding" // 415
	CodeTooManyRequests     ErrorCode = "too_many_requests"    // 429
	CodeInternal            ErrorCode = "internal"             // 500
	CodeUnavailable         ErrorCode = "unavailable"          // 503
)

// Problem is the body of every error, RFC 9457 in application/problem+json.
type Problem struct {
	Type     string    `json:"type"`
	Title    string    `json:"title"`
	Status   int       `json:"status"`
	Code     ErrorCode `json:"code"`
	Detail   string    `json:"detail"`
	DetailTH string    `json:"detail_th"`
}
