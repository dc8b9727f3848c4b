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
	MaxDevice         = 200       // octets of visible ASCII that a browser says of itself
	MaxPasskeys       = 20        // of a user
	MaxToolTokens     = 50        // of a user
	RecoveryCodes     = 10        // of a user
	MinPassword       = 12        // octets
	MaxPassword       = 256       // octets

	MaxBack     = 1000 // JOIN's after = -k: at most so many messages back
	MaxChannels = 256  // channels a session, the control channel among them
	MaxSilent   = 300  // WebSockets of one address that have said nothing yet: a page's channels, and some
	MaxUnsigned = 32   // sessions an address that have not signed in; further ones wait a moment for a place

	SignInTime     = 10 * time.Second    // from a session's start to its sign-in
	PayloadSilence = 10 * time.Second    // within a payload, nothing coming
	PingAfter      = 15 * time.Second    // of silence
	LostAfter      = 30 * time.Second    // of silence
	TokenLife      = 60 * time.Second    // of POST /api/session/token
	SessionLife    = 14 * 24 * time.Hour // of a browser's sign-in, unless an admin says otherwise
	SessionIdle    = 3 * 24 * time.Hour  // of one that isn't used
	ProofLife      = 10 * time.Minute    // in which who has shown who it is may change how one signs in
	UsedEvery      = 5 * time.Minute     // a sign-in's last use is kept so often at most
	MaxTokenLife   = 366 * 24 * time.Hour
	InvitationLife = 7 * 24 * time.Hour
	PasswordLink   = 24 * time.Hour // an invitation to set a new password
)

// What a user may take of the server; see package load. An address, behind which
// an office may sit, may take AddressTimes as much.
const (
	AddressTimes = 20

	UserSessions   = 500
	UserChannels   = 2048    // over all sessions
	UserUnderway   = 1 << 20 // octets of posts on their way to the log; each counts PostWeight more
	PostWeight     = 4 << 10 // of a post beside its octets
	PostRate       = 100     // posts a second
	PostBurst      = 1000    // posts at once, after a pause
	PostOctetRate  = 1 << 20 // octets of posts a second
	PostOctetBurst = 8 << 20 // at once
	RequestRate    = 50      // HTTP requests a second; also those of an address where nobody is signed in
	RequestBurst   = 1000    // at once
	TypingRate     = 2       // TYPINGs a second
	TypingBurst    = 10      // at once

	// What comes in is read no faster than this, whatever it is; it waits with
	// the sender, who is told nothing. A channel counts ChannelWeight frames.
	FrameRate     = 1000     // frames a second
	FrameBurst    = 2000     // at once
	InputRate     = 2 << 20  // octets of payloads a second
	InputBurst    = 16 << 20 // at once
	ChannelWeight = 4
	QueryWeight   = 50 // of a QUERY for everybody: it goes through all that can be reached

	// Messages are written to a user's channels no faster than this, over all of
	// them; he falls behind then, and misses nothing.
	OutputRate   = 16 << 20  // octets a second
	OutputBurst  = 128 << 20 // at once
	OutputWeight = 1 << 10   // of a write beside its octets

	AddressSessions    = 4096  // less than AddressTimes as many: each holds memory
	ServerSessions     = 20000 // of everybody
	ServerUnsigned     = 5000  // of these, those that have not signed in
	AddressConnections = 8192  // TCP, but for WebSockets, and QUIC
	ServerConnections  = 40000 // of everybody but this machine itself
)
