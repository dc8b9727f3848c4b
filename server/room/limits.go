package room

import "time"

// Limits of PROTOCOL.md sections 1 and 2 and of INTERFACES.md, in octets,
// characters (code points) or as they say.
const (
	MaxText           = 64 << 10  // octets of a text
	MaxReport         = 256 << 10 // octets of a report
	MaxReason         = 1 << 10   // octets of a redaction's reason
	MaxNameLength     = 32        // octets of a user name
	MaxDisplayLength  = 64        // characters of a display name
	MaxTitleLength    = 120       // characters of a topic's title
	MaxDealNameLength = 120       // characters of a deal's name
	MaxTopicNumber    = 1<<15 - 1 // a topic's number is 0 to this
	MaxClientID       = 64        // octets of visible ASCII
	MinPassword       = 12        // octets
	MaxPassword       = 256       // octets

	MaxBack     = 1000 // JOIN's after = -k: at most so many messages back
	MaxChannels = 256  // channels a session, the control channel among them
	MaxSilent   = 300  // WebSockets of one address that have said nothing yet: a page's channels, and some
	MaxUnsigned = 32   // sessions an address that have not signed in

	SignInTime     = 10 * time.Second    // from a session's start to its sign-in
	PayloadSilence = 10 * time.Second    // within a payload, nothing coming
	PingAfter      = 15 * time.Second    // of silence
	LostAfter      = 30 * time.Second    // of silence
	TokenLife      = 60 * time.Second    // of POST /api/session/token
	SessionLife    = 14 * 24 * time.Hour // of a browser's sign-in
	InvitationLife = 7 * 24 * time.Hour
	PasswordLink   = 24 * time.Hour // an invitation to set a new password
)
