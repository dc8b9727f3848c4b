package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"redroom/server/room"
)

// NewPasskeyOptions begin the adding of a passkey at an origin by who is signed
// in: what the browser's parseCreationOptionsFromJSON takes.
func (d *Desk) NewPasskeyOptions(ctx context.Context, origin string, s room.Session) (id string, options any, err error) {
	party, err := relyingParty(origin)
	if err != nil {
		return "", nil, err
	}
	h, there, err := d.holder(ctx, s.User, party.Config.RPID)
	switch {
	case err != nil:
		return "", nil, err
	case there >= room.MaxPasskeys:
		return "", nil, room.Refuse(room.ErrUnprocessable, fmt.Sprintf("You have %d passkeys, which is the most; remove one first.", room.MaxPasskeys))
	}
	exclude := make([]protocol.CredentialDescriptor, 0, len(h.credentials))
	for i := range h.credentials {
		exclude = append(exclude, h.credentials[i].Descriptor())
	}
	creation, data, err := party.BeginRegistration(h, webauthn.WithExclusions(exclude), webauthn.WithExtensions(webauthn.WithExtensionCredProps()))
	if err != nil {
		return "", nil, fmt.Errorf("beginning to add a passkey: %w", err)
	}
	c := ceremony{data: *data, origin: origin, adds: true, user: s.User, session: s.ID}
	return d.ceremonies.add(c, d.now()), creation.Response, nil
}

// AddPasskey adds the one that has answered the challenge of that id, in the
// sign-in that by names. The first second factor brings recovery codes.
func (d *Desk) AddPasskey(ctx context.Context, by room.Stamp, id, label string, answer []byte) (recovery []string, err error) {
	c, ok := d.ceremonies.take(id, d.now())
	if !ok || !c.adds || c.user != by.By || c.session != by.Session {
		return nil, room.Refuse(room.ErrUnprocessable, errPasskeyLate.Text)
	}
	party, err := relyingParty(c.origin)
	if err != nil {
		return nil, err
	}
	u := d.store.State().User(c.user)
	if u == nil {
		return nil, room.ErrSessionEnded
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return nil, d.passkeyNotAdded(c.user, err)
	}
	credential, err := party.CreateCredential(holder{handle: c.data.UserID, user: u}, c.data, parsed)
	if err != nil {
		return nil, d.passkeyNotAdded(c.user, err)
	}
	// Whose make it is was not asked for.
	credential.Attestation = webauthn.CredentialAttestation{}
	kept, err := json.Marshal(keptPasskey{Party: party.Config.RPID, Handle: c.data.UserID, Credential: *credential})
	if err != nil {
		return nil, fmt.Errorf("writing a passkey: %w", err)
	}
	recovery, codes, err := d.firstRecoveryCodes(ctx, c.user)
	if err != nil {
		return nil, err
	}
	_, err = d.journal.Append(ctx, room.PasskeyAdded{
		Stamp:      by,
		User:       c.user,
		ID:         credential.ID,
		Label:      label,
		Credential: kept,
		Codes:      codes,
	})
	if errors.Is(err, room.ErrExists) {
		err = room.Refuse(room.ErrExists, "This passkey is there already.")
	}
	if err != nil {
		return nil, err
	}
	return recovery, nil
}

func (d *Desk) passkeyNotAdded(user string, why error) error {
	d.log.Info("a passkey was not added", "user", user, "why", detail(why))
	return errPasskeyNew
}
