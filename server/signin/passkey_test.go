package signin

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"redroom/server/room"
)

const roomOrigin = "https://room.example:4433"

// device is an authenticator that holds one passkey of the room at an origin.
type device struct {
	t    *testing.T
	desk desk
	at   virtualwebauthn.RelyingParty
	virtualwebauthn.Authenticator
	key virtualwebauthn.Credential
}

func (d desk) device() *device {
	return &device{
		t: d.t, desk: d,
		at:            virtualwebauthn.RelyingParty{ID: "room.example", Name: "Red Room", Origin: roomOrigin},
		Authenticator: virtualwebauthn.NewAuthenticator(),
		key:           newKey(),
	}
}

// newKey is one whose coordinates begin with no zero: the library leaves those
// out, which is no key then (RFC 9053 section 7.1.1).
func newKey() virtualwebauthn.Credential {
	const whole = 77
	key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	for len(key.Key.AttestationData()) != whole {
		key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return key
}

func optionsText(t *testing.T, options any) string {
	t.Helper()
	b, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// creates answers the challenge to make a passkey.
func (k *device) creates(options any) []byte {
	k.t.Helper()
	parsed, err := virtualwebauthn.ParseAttestationOptions(optionsText(k.t, options))
	if err != nil {
		k.t.Fatal(err)
	}
	k.Options.UserHandle = []byte(parsed.UserID)
	return []byte(virtualwebauthn.CreateAttestationResponse(k.at, k.Authenticator, k.key, *parsed))
}

// shows answers the challenge to show it, as one that counts.
func (k *device) shows(options any) []byte {
	k.t.Helper()
	parsed, err := virtualwebauthn.ParseAssertionOptions(optionsText(k.t, options))
	if err != nil {
		k.t.Fatal(err)
	}
	k.key.Counter++
	return []byte(virtualwebauthn.CreateAssertionResponse(k.at, k.Authenticator, k.key, *parsed))
}

func (k *device) begins() (id string, options any) {
	k.t.Helper()
	id, options, err := k.desk.PasskeyOptions(k.at.Origin)
	if err != nil {
		k.t.Fatal(err)
	}
	return id, options
}

func (k *device) signsIn() error {
	k.t.Helper()
	id, options := k.begins()
	_, _, err := k.desk.PasskeySignIn(k.t.Context(), id, k.shows(options), visitor)
	return err
}

// resumed is a sign-in whatever second factors there are.
func (d desk) resumed(name string) room.Session {
	d.t.Helper()
	_, s, err := d.enter(d.t.Context(), room.SessionOpened{User: name}, visitor)
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

func stampOf(s room.Session) room.Stamp { return room.Stamp{By: s.User, Session: s.ID} }

func (k *device) register(s room.Session, label string) (recovery []string, err error) {
	k.t.Helper()
	id, options, err := k.desk.NewPasskeyOptions(k.t.Context(), k.at.Origin, s)
	if err != nil {
		k.t.Fatal(err)
	}
	return k.desk.AddPasskey(k.t.Context(), stampOf(s), id, label, k.creates(options))
}

// registered is a device of anna's, who was signed in by s.
func (d desk) registered() (k *device, s room.Session) {
	d.t.Helper()
	s = d.resumed("anna")
	k = d.device()
	if _, err := k.register(s, "Laptop"); err != nil {
		d.t.Fatal(err)
	}
	return k, s
}

func TestAPasskeySignsInWithoutANameOrAPassword(t *testing.T) {
	d := newDesk(t)
	k, _ := d.registered()
	id, options := k.begins()
	cookie, s, err := d.PasskeySignIn(t.Context(), id, k.shows(options), visitor)
	if err != nil {
		t.Fatal(err)
	}
	if s.User != "anna" || s.Factor != room.FactorPasskey {
		t.Errorf("got %+v", s)
	}
	kept, u, err := d.Session(t.Context(), cookie)
	if err != nil || u.Name != "anna" || kept.Factor != room.FactorPasskey {
		t.Errorf("got %+v, %+v, %v", kept, u, err)
	}
}

func TestWhatABrowserIsAskedForAPasskey(t *testing.T) {
	d := newDesk(t)
	k, s := d.registered()
	var making struct {
		Challenge string
		RP        struct{ ID string }
		User      struct{ ID, Name, DisplayName string }
		Selection struct{ ResidentKey, UserVerification string } `json:"authenticatorSelection"`
		Exclude   []struct{ ID string }                          `json:"excludeCredentials"`
		Timeout   int
	}
	_, options, err := d.NewPasskeyOptions(t.Context(), roomOrigin, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(optionsText(t, options)), &making); err != nil {
		t.Fatal(err)
	}
	switch {
	case making.RP.ID != "room.example", making.User.Name != "anna", making.User.DisplayName != "anna", strings.Contains(making.User.ID, "anna"):
		t.Errorf("for whom: %+v", making)
	case making.Selection.ResidentKey != "required", making.Selection.UserVerification != "required":
		t.Errorf("of what kind: %+v", making.Selection)
	case len(making.Exclude) != 1, making.Timeout != 300_000, len(making.Challenge) < 43:
		t.Errorf("%+v", making)
	}
	var showing struct {
		RPID             string `json:"rpId"`
		UserVerification string
		Allow            []any `json:"allowCredentials"`
	}
	_, options = k.begins()
	if err := json.Unmarshal([]byte(optionsText(t, options)), &showing); err != nil {
		t.Fatal(err)
	}
	if showing.RPID != "room.example" || showing.UserVerification != "required" || len(showing.Allow) != 0 {
		t.Errorf("got %+v", showing)
	}
}

func TestTheFirstPasskeyBringsRecoveryCodes(t *testing.T) {
	d := newDesk(t)
	s := d.resumed("anna")
	for _, want := range []int{room.RecoveryCodes, 0} {
		recovery, err := d.device().register(s, "Key")
		if err != nil {
			t.Fatal(err)
		}
		if len(recovery) != want {
			t.Errorf("got %d codes, want %d", len(recovery), want)
		}
	}
	factors, err := d.store.Factors(t.Context(), "anna")
	if err != nil || len(factors.Passkeys) != 2 || factors.Recovery != room.RecoveryCodes {
		t.Errorf("got %+v, %v", factors, err)
	}
}

func TestAPasskeyIsRefused(t *testing.T) {
	other := virtualwebauthn.RelyingParty{ID: "evil.example", Name: "Red Room", Origin: "https://evil.example"}
	for what, show := range map[string]func(d desk, k *device) error{
		"of another origin": func(d desk, k *device) error {
			id, options := k.begins()
			k.at = other
			_, _, err := d.PasskeySignIn(t.Context(), id, k.shows(options), visitor)
			return err
		},
		"shown on another port": func(d desk, k *device) error {
			id, options := k.begins()
			k.at.Origin = "https://room.example"
			_, _, err := d.PasskeySignIn(t.Context(), id, k.shows(options), visitor)
			return err
		},
		"at another of the room's names": func(d desk, k *device) error {
			k.at = virtualwebauthn.RelyingParty{ID: "proxy.example", Origin: "https://proxy.example"}
			return k.signsIn()
		},
		"without verifying the user": func(d desk, k *device) error {
			k.Options.UserNotVerified = true
			return k.signsIn()
		},
		"with the handle of somebody else": func(d desk, k *device) error {
			k.Options.UserHandle = bytes.Repeat([]byte{7}, handleLength)
			return k.signsIn()
		},
		"without a handle": func(d desk, k *device) error {
			k.Options.UserHandle = nil
			return k.signsIn()
		},
		"of a key that isn't known": func(d desk, k *device) error {
			k.key.ID = []byte("another one")
			return k.signsIn()
		},
		"signed by another key": func(d desk, k *device) error {
			id := k.key.ID
			k.key = newKey()
			k.key.ID = id
			return k.signsIn()
		},
		"of an account that is deactivated": func(d desk, k *device) error {
			d.add("berta", room.Admin, "")
			d.deactivate("anna")
			return k.signsIn()
		},
		"that was removed": func(d desk, k *device) error {
			s := d.resumed("anna")
			d.append(room.PasskeyRemoved{Stamp: stampOf(s), User: "anna", ID: k.key.ID})
			return k.signsIn()
		},
		"in another's answer's place": func(d desk, k *device) error {
			id, _ := k.begins()
			_, options := k.begins()
			_, _, err := d.PasskeySignIn(t.Context(), id, k.shows(options), visitor)
			return err
		},
		"twice": func(d desk, k *device) error {
			id, options := k.begins()
			answer := k.shows(options)
			if _, _, err := d.PasskeySignIn(t.Context(), id, answer, visitor); err != nil {
				t.Fatal(err)
			}
			_, _, err := d.PasskeySignIn(t.Context(), id, answer, visitor)
			return err
		},
		"after five minutes": func(d desk, k *device) error {
			id, options := k.begins()
			d.clock.pass(ceremonyLife)
			_, _, err := d.PasskeySignIn(t.Context(), id, k.shows(options), visitor)
			return err
		},
		"with the challenge of a proof": func(d desk, k *device) error {
			s := d.resumed("anna")
			id, options, err := d.PasskeyProofOptions(t.Context(), roomOrigin, s)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = d.PasskeySignIn(t.Context(), id, k.shows(options), visitor)
			return err
		},
		"that is no passkey at all": func(d desk, k *device) error {
			id, _ := k.begins()
			_, _, err := d.PasskeySignIn(t.Context(), id, []byte(`{"id":"x"}`), visitor)
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			d := newDesk(t)
			k, _ := d.registered()
			if err := k.signsIn(); err != nil {
				t.Fatal(err)
			}
			wantError(t, show(d, k), room.ErrWrongSignIn)
		})
	}
}

func TestACounterThatGoesBackIsRefusedAndTold(t *testing.T) {
	d := newDesk(t)
	var log bytes.Buffer
	d.log = slog.New(slog.NewTextHandler(&log, nil))
	k, _ := d.registered()
	copied := *k
	for range 3 {
		if err := k.signsIn(); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, copied.signsIn(), errPasskeyCopied)
	if !strings.Contains(log.String(), "counter went back") || !strings.Contains(log.String(), "user=anna") {
		t.Errorf("the log says %s", log.String())
	}
	d.clock.pass(time.Minute)
	d.keepFailures(d.clock.Now())
	d.resumed("anna") // after what is kept
	rows, err := d.store.Audit(t.Context(), room.AuditQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(rows, func(r room.AuditRow) bool {
		return r.Action == room.ActionSignInFailed && r.User == "anna" && r.Address == home.String()
	}) {
		t.Errorf("the trail has only %+v", rows)
	}
	if err := k.signsIn(); err != nil {
		t.Errorf("the one that counts on is refused, too: %v", err)
	}
}

func TestAPasskeyThatDoesNotCountSignsInAgainAndAgain(t *testing.T) {
	d := newDesk(t)
	k, _ := d.registered()
	for range 3 {
		k.key.Counter-- // to 0 when it is shown, as that of one that is synced
		if err := k.signsIn(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAPasskeyIsAddedByTheSignInThatBeganIt(t *testing.T) {
	d := newDesk(t)
	d.add("bert", room.Member, "")
	anna := d.resumed("anna")
	again := d.resumed("anna")
	bert := d.resumed("bert")
	for what, add := range map[string]func(k *device, id string, options any) error{
		"by another sign-in": func(k *device, id string, options any) error {
			_, err := d.AddPasskey(t.Context(), stampOf(again), id, "Key", k.creates(options))
			return err
		},
		"by somebody else": func(k *device, id string, options any) error {
			_, err := d.AddPasskey(t.Context(), stampOf(bert), id, "Key", k.creates(options))
			return err
		},
		"twice": func(k *device, id string, options any) error {
			answer := k.creates(options)
			if _, err := d.AddPasskey(t.Context(), stampOf(anna), id, "Key", answer); err != nil {
				t.Fatal(err)
			}
			_, err := d.AddPasskey(t.Context(), stampOf(anna), id, "Key", answer)
			return err
		},
		"too late": func(k *device, id string, options any) error {
			d.clock.pass(ceremonyLife)
			_, err := d.AddPasskey(t.Context(), stampOf(anna), id, "Key", k.creates(options))
			return err
		},
		"without verifying the user": func(k *device, id string, options any) error {
			k.Options.UserNotVerified = true
			_, err := d.AddPasskey(t.Context(), stampOf(anna), id, "Key", k.creates(options))
			return err
		},
		"at another origin": func(k *device, id string, options any) error {
			k.at.ID, k.at.Origin = "evil.example", "https://evil.example"
			_, err := d.AddPasskey(t.Context(), stampOf(anna), id, "Key", k.creates(options))
			return err
		},
		"without a label": func(k *device, id string, options any) error {
			_, err := d.AddPasskey(t.Context(), stampOf(anna), id, "", k.creates(options))
			return err
		},
		"with the challenge of a sign-in": func(k *device, _ string, options any) error {
			id, _ := k.begins()
			_, err := d.AddPasskey(t.Context(), stampOf(anna), id, "Key", k.creates(options))
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			id, options, err := d.NewPasskeyOptions(t.Context(), roomOrigin, anna)
			if err != nil {
				t.Fatal(err)
			}
			wantError(t, add(d.device(), id, options), room.ErrUnprocessable)
		})
	}
}

func TestAPasskeyOfOnesOwnIsAProof(t *testing.T) {
	d := newDesk(t)
	d.add("bert", room.Member, "")
	k, anna := d.registered()
	again := d.resumed("anna")
	bert := d.resumed("bert")
	berts := d.device()
	if _, err := berts.register(bert, "Key"); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		by   room.Session
		with *device
		want error
	}{
		"one's own":           {anna, k, nil},
		"for another sign-in": {again, k, errPasskeyLate},
		"somebody else's":     {anna, berts, errPasskey},
		"for somebody else":   {bert, berts, errPasskeyLate},
	} {
		t.Run(what, func(t *testing.T) {
			d.clock.pass(room.ProofLife)
			id, options, err := d.PasskeyProofOptions(t.Context(), roomOrigin, anna)
			if err != nil {
				t.Fatal(err)
			}
			wantError(t, d.ProvePasskey(t.Context(), c.by, id, c.with.shows(options), visitor), c.want)
			if proved := d.Proved(c.by); proved != (c.want == nil) {
				t.Errorf("proved: %v", proved)
			}
		})
	}
}

func TestAPasskeyBelongsToAName(t *testing.T) {
	d := newDesk(t)
	for origin, want := range map[string]error{
		"http://localhost:8080":  nil,
		roomOrigin:               nil,
		"http://127.0.0.1:8080":  errPasskeyHost,
		"https://[::1]:4433":     errPasskeyHost,
		"https://192.0.2.1:4433": errPasskeyHost,
	} {
		_, _, err := d.PasskeyOptions(origin)
		wantError(t, err, want)
	}
}
