package signin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"redroom/server/room"
)

const handleLength = 32 // octets

// Refusals of passkeys. What is wrong with one is for the log: who has none is
// told nothing of those that there are.
var (
	errPasskey       = room.Refuse(room.ErrWrongSignIn, "This passkey does not sign in here; try another one, or another way.")
	errPasskeyLate   = room.Refuse(room.ErrWrongSignIn, "This took longer than five minutes, or was done already; try again.")
	errPasskeyCopied = room.Refuse(room.ErrWrongSignIn, "This passkey was refused, since there may be a copy of it: its counter went back. Sign in in another way, remove it, and tell your admin.")
	errPasskeyNew    = room.Refuse(room.ErrUnprocessable, "This passkey can not be added; try again, or with another one.")
	errPasskeyHost   = room.Refuse(room.ErrUnprocessable, "A passkey belongs to a name, not to an address: open the room as localhost, or by its host's name.")
)

// keptPasskey is what the store has of one. Handle names the user to the
// authenticator, is the same for all of the user's, and tells nothing.
type keptPasskey struct {
	Party      string              `json:"party"`
	Handle     []byte              `json:"handle"`
	Credential webauthn.Credential `json:"credential"`
}

// holder is a user as the library knows one.
type holder struct {
	handle      []byte
	user        *room.User
	credentials []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return h.handle }
func (h holder) WebAuthnName() string                       { return h.user.Name }
func (h holder) WebAuthnDisplayName() string                { return h.user.Display }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.credentials }

// relyingParty is the room as it is opened at an origin, which its caller has
// found in the server's list. Its id is the origin's host, so that passkeys go
// with the name that people see.
func relyingParty(origin string) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return nil, errPasskeyHost
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return nil, errPasskeyHost
	}
	timeout := webauthn.TimeoutConfig{Timeout: ceremonyLife, TimeoutUVD: ceremonyLife}
	party, err := webauthn.New(&webauthn.Config{
		RPID:                  u.Hostname(),
		RPDisplayName:         "Red Room",
		RPOrigins:             []string{origin},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: protocol.ResidentKeyRequired(),
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			UserVerification:   protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: timeout, Registration: timeout},
		// Password managers tell more than they were asked for. Nothing of it counts.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, errPasskeyHost
	}
	return party, nil
}

// PasskeyOptions begin a sign-in with a passkey at an origin: what the browser's
// parseRequestOptionsFromJSON takes. id is that of the challenge, which is good
// once and for five minutes.
func (d *Desk) PasskeyOptions(origin string) (id string, options any, err error) {
	party, err := relyingParty(origin)
	if err != nil {
		return "", nil, err
	}
	assertion, data, err := party.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return "", nil, fmt.Errorf("beginning a sign-in with a passkey: %w", err)
	}
	return d.ceremonies.add(ceremony{data: *data, origin: origin}, d.now()), assertion.Response, nil
}

// PasskeySignIn signs in whose passkey has answered the challenge of that id.
func (d *Desk) PasskeySignIn(ctx context.Context, id string, credential []byte, from room.Visitor) (cookie string, s room.Session, err error) {
	c, ok := d.ceremonies.take(id, d.now())
	if !ok || c.adds || c.user != "" {
		return "", room.Session{}, errPasskeyLate
	}
	user, shown, err := d.passkey(ctx, c, credential, from)
	if err != nil {
		return "", room.Session{}, err
	}
	cookie, s, err = d.enter(ctx, room.SessionOpened{User: user, Shown: shown}, from)
	return cookie, s, d.passkeySpent(user, from, err)
}

// PasskeyProofOptions are PasskeyOptions for somebody who is signed in and shows
// a passkey again.
func (d *Desk) PasskeyProofOptions(ctx context.Context, origin string, s room.Session) (id string, options any, err error) {
	party, err := relyingParty(origin)
	if err != nil {
		return "", nil, err
	}
	h, _, err := d.holder(ctx, s.User, party.Config.RPID)
	switch {
	case err != nil:
		return "", nil, err
	case len(h.credentials) == 0:
		return "", nil, room.Refuse(room.ErrUnprocessable, "You have no passkey here.")
	}
	assertion, data, err := party.BeginLogin(h, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return "", nil, fmt.Errorf("beginning to ask for a passkey: %w", err)
	}
	c := ceremony{data: *data, origin: origin, user: s.User, session: s.ID}
	return d.ceremonies.add(c, d.now()), assertion.Response, nil
}

// ProvePasskey takes a passkey of who is signed in as proof of it; see Prove.
func (d *Desk) ProvePasskey(ctx context.Context, s room.Session, id string, credential []byte, from room.Visitor) error {
	c, ok := d.ceremonies.take(id, d.now())
	if !ok || c.adds || c.user != s.User || c.session != s.ID {
		return errPasskeyLate
	}
	_, shown, err := d.passkey(ctx, c, credential, from)
	if err != nil {
		return err
	}
	return d.passkeySpent(s.User, from, d.proved(ctx, s, shown, from))
}

// passkeySpent is what became of one that was right. If it was shown or removed
// elsewhere meanwhile, that is a failed try.
func (d *Desk) passkeySpent(user string, from room.Visitor, err error) error {
	if errors.Is(err, room.ErrWrongSignIn) {
		return d.passkeyFailed(user, from, errors.New("it was used or removed meanwhile"), errPasskey)
	}
	return err
}

// passkey checks an answer to a challenge: whose passkey it is, and what is to be
// spent of it.
func (d *Desk) passkey(ctx context.Context, c ceremony, answer []byte, from room.Visitor) (user string, shown room.Shown, err error) {
	party, err := relyingParty(c.origin)
	if err != nil {
		return "", shown, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return "", shown, d.passkeyFailed("", from, err, errPasskey)
	}
	info, err := d.store.Passkey(ctx, parsed.RawID)
	switch {
	case errors.Is(err, room.ErrNotFound):
		return "", shown, d.passkeyFailed("", from, err, errPasskey)
	case err != nil:
		return "", shown, err
	}
	u := d.store.State().User(info.User)
	var kept keptPasskey
	if err := json.Unmarshal(info.Credential, &kept); err != nil {
		return "", shown, fmt.Errorf("reading a stored passkey: %w", err)
	}
	switch {
	case u == nil || !u.Active:
		return "", shown, d.passkeyFailed(info.User, from, room.ErrDeactivated, errPasskey)
	case kept.Party != party.Config.RPID:
		return "", shown, d.passkeyFailed(info.User, from, fmt.Errorf("it is one of %s", kept.Party), errPasskey)
	case c.user != "" && c.user != info.User:
		return "", shown, d.passkeyFailed(info.User, from, errors.New("it is somebody else's"), errPasskey)
	}
	h := holder{handle: kept.Handle, user: u, credentials: []webauthn.Credential{kept.Credential}}
	var credential *webauthn.Credential
	if c.user == "" {
		_, credential, err = party.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
			if !bytes.Equal(handle, kept.Handle) {
				return nil, errors.New("it is of another handle")
			}
			return h, nil
		}, c.data, parsed)
	} else {
		h, _, err = d.holder(ctx, c.user, party.Config.RPID)
		if err != nil {
			return "", shown, err
		}
		h.handle = kept.Handle
		credential, err = party.ValidateLogin(h, c.data, parsed)
	}
	switch {
	case err != nil:
		return "", shown, d.passkeyFailed(info.User, from, err, errPasskey)
	case credential.Authenticator.CloneWarning:
		return "", shown, d.passkeyFailed(info.User, from, errors.New("its counter went back; there may be a copy"), errPasskeyCopied)
	}
	kept.Credential = *credential
	b, err := json.Marshal(kept)
	if err != nil {
		return "", shown, fmt.Errorf("writing a passkey: %w", err)
	}
	return info.User, room.Shown{Factor: room.FactorPasskey, Passkey: info.ID, Was: info.Credential, Credential: b}, nil
}

// passkeyFailed counts a failed try, notes why, and says what is told of it.
func (d *Desk) passkeyFailed(user string, from room.Visitor, why error, told *room.Error) error {
	d.failed(user, from.Address, false)
	d.log.Warn("a passkey was refused", "user", user, "from", from.Address, "why", detail(why))
	return told
}

// detail is what the library has found, in its own words.
func detail(why error) string {
	var e *protocol.Error
	if errors.As(why, &e) {
		return e.Details + ": " + e.DevInfo
	}
	return why.Error()
}

// holder is a user with the passkeys of a relying party, and how many there are
// of all parties. One who has none at all gets a handle, which the first one
// then bears.
func (d *Desk) holder(ctx context.Context, user, party string) (h holder, all int, err error) {
	u := d.store.State().User(user)
	if u == nil {
		return holder{}, 0, room.ErrSessionEnded
	}
	factors, err := d.store.Factors(ctx, user)
	if err != nil {
		return holder{}, 0, err
	}
	h = holder{user: u}
	for _, p := range factors.Passkeys {
		var kept keptPasskey
		if err := json.Unmarshal(p.Credential, &kept); err != nil {
			return holder{}, 0, fmt.Errorf("reading a stored passkey: %w", err)
		}
		h.handle = kept.Handle
		if kept.Party == party {
			h.credentials = append(h.credentials, kept.Credential)
		}
	}
	if h.handle == nil {
		h.handle = random(handleLength)
	}
	return h, len(factors.Passkeys), nil
}
