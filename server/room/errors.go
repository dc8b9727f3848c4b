package room

import "errors"

// Error is a refusal: nothing was changed, and the caller is told why.
// Code is one of PROTOCOL.md section 5 and is the HTTP status as well; Text is
// one English sentence that is safe to show to whoever asked. Retry tells
// whether the same request may succeed later without being changed.
//
// Errors that are not of this type are failures of the machine; callers
// outside see them as [ErrUnavailable].
type Error struct {
	Code  int
	Text  string
	Retry bool

	base *Error
}

func (e *Error) Error() string { return e.Text }

// Unwrap is the entry of the table that the refusal is a more precise form of.
func (e *Error) Unwrap() error {
	if e.base == nil {
		return nil
	}
	return e.base
}

// The one table of refusals. Compare with errors.Is.
var (
	ErrMalformed    = &Error{Code: 400, Text: "The request is malformed."}
	ErrNotSignedIn  = &Error{Code: 401, Text: "Sign in first."}
	ErrWrongSignIn  = &Error{Code: 401, Text: "User name or password is wrong."}
	ErrTokenUnknown = &Error{Code: 401, Text: "The token is unknown, used or has ended; fetch a new one."}
	ErrSessionEnded = &Error{Code: 401, Text: "This sign-in has ended; sign in again."}
	ErrNoSession    = &Error{Code: 401, Text: "There is no session of this key any more; connect anew."}

	// ErrCrowded says that too many want to sign in at this moment.
	ErrCrowded = &Error{Code: 503, Text: "Very many are trying to sign in at this moment; try again in a few seconds.", Retry: true}
	// ErrNeedsCode comes as a *NeedsCode.
	ErrNeedsCode = &Error{Code: 401, Text: "Enter the code of your second factor, too."}
	// ErrWrongCode is an ErrWrongSignIn, and comes as a *NeedsCode.
	ErrWrongCode = Refuse(ErrWrongSignIn, "The code is wrong, or was used already; enter the next one.")
	// ErrTokenEnded is told to a program whose token has ended while it was there.
	ErrTokenEnded = &Error{Code: 401, Text: "The token was revoked, or has ended; ask for another one."}

	ErrEnroll      = &Error{Code: 403, Text: "A second factor is demanded of you; set one up first."}
	ErrProve       = &Error{Code: 403, Text: "Show once more that it is you, by your password or a passkey."}
	ErrForbidden   = &Error{Code: 403, Text: "You may not do this."}
	ErrNotAdmin    = &Error{Code: 403, Text: "Only an admin may do this."}
	ErrObserver    = &Error{Code: 403, Text: "Observers read; they do not write."}
	ErrTopicClosed = &Error{Code: 403, Text: "The topic is closed."}
	ErrNotAuthor   = &Error{Code: 403, Text: "Only its author may do this."}
	ErrSystemKind  = &Error{Code: 403, Text: "Messages of kind system are the server's."}

	// ErrNotFound also stands for what one may not know of: the two must look
	// the same, octet for octet.
	ErrNotFound = &Error{Code: 404, Text: "There is no such thing, or it is not yours to see."}

	ErrIDTaken     = &Error{Code: 409, Text: "This client id was used for a different message."}
	ErrNameTaken   = &Error{Code: 409, Text: "This user name is taken; choose another."}
	ErrTitleTaken  = &Error{Code: 409, Text: "The deal has a topic of this title; choose another."}
	ErrDealTaken   = &Error{Code: 409, Text: "There is a deal of this name; choose another."}
	ErrLastAdmin   = &Error{Code: 409, Text: "This is the last active admin; make another one first."}
	ErrOtherEpoch  = &Error{Code: 409, Text: "The log is not the one you know; forget what you have and join anew."}
	ErrWatchTwice  = &Error{Code: 409, Text: "This session is watching already."}
	ErrControlOnce = &Error{Code: 409, Text: "A session has one control channel."}
	ErrExists      = &Error{Code: 409, Text: "It exists already."}
	ErrChanged     = &Error{Code: 409, Text: "Somebody has changed it meanwhile; look at it again."}

	ErrSetupDone       = &Error{Code: 410, Text: "The room has been set up; sign in, or ask its admin for an invitation."}
	ErrInvitationEnded = &Error{Code: 410, Text: "The invitation was used or has ended; ask for a new one."}
	ErrDeactivated     = &Error{Code: 410, Text: "The account is deactivated."}
	ErrRedacted        = &Error{Code: 410, Text: "The message was redacted."}

	ErrTooLarge      = &Error{Code: 413, Text: "It is larger than allowed."}
	ErrUnprocessable = &Error{Code: 422, Text: "It can not be done as asked."}
	// ErrUnreachable doesn't say what was wrong.
	ErrUnreachable = &Error{Code: 422, Text: "You were not reached there, with this certificate."}

	ErrTooManyChannels = &Error{Code: 429, Text: "The session has as many channels as it may have.", Retry: true}
	ErrNotYet          = &Error{Code: 429, Text: "Sign in before opening further channels.", Retry: true}
	ErrTooManyTries    = &Error{Code: 429, Text: "Too many failed tries; wait a little.", Retry: true}

	ErrTooManySessions = &Error{Code: 429, Text: "You have as many sessions as a user may have; close some.", Retry: true}
	ErrTooManyPosts    = &Error{Code: 429, Text: "You post faster than allowed; this post is not known to be taken: send it again, under the same id, after the seconds.", Retry: true}
	ErrTooManyBinds    = &Error{Code: 429, Text: "You say too often where you can be reached; wait a moment.", Retry: true}
	ErrTooManyTickets  = &Error{Code: 429, Text: "You ask for too many tickets; wait a moment.", Retry: true}
	ErrTooManyRequests = &Error{Code: 429, Text: "Too many requests; wait a moment.", Retry: true}

	// ErrFull says that there is no place now, and that the same server will
	// have one when others have left.
	ErrFull = &Error{Code: 503, Text: "There are as many connections as the server takes; come back in a moment.", Retry: true}

	// ErrStopping says that the same server, or another one, will be there soon.
	ErrStopping = &Error{Code: 503, Text: "The server is stopping; come back in a moment.", Retry: true}

	// ErrUnavailable means "not known": the same request, with the same
	// client id, may be sent again and will not be done twice.
	ErrUnavailable = &Error{Code: 503, Text: "Not now; try again in a moment.", Retry: true}
)

// Refuse gives base's code and meaning a more precise sentence. The result
// still is base for errors.Is.
func Refuse(base *Error, text string) *Error {
	return &Error{Code: base.Code, Text: text, Retry: base.Retry, base: base}
}

// AsError says how err is told to the outside: a refusal as itself, anything
// else as ErrUnavailable, so that no failure shows its inside.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return ErrUnavailable
}
