package signin

import (
	"bytes"
	"regexp"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"redroom/server/room"
)

func TestWhatIsSealedOpensWithItsKeyForItsPurposeOnly(t *testing.T) {
	key := NewKey()
	s := newSealer(key)
	sealed := s.seal([]byte("a secret"), forCodes("anna"))
	if bytes.Contains(sealed, []byte("secret")) || bytes.Equal(sealed, s.seal([]byte("a secret"), forCodes("anna"))) {
		t.Errorf("sealed as %q", sealed)
	}
	if got, err := newSealer(key).open(sealed, forCodes("anna")); err != nil || string(got) != "a secret" {
		t.Errorf("opened as %q, %v", got, err)
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for what, open := range map[string]func() ([]byte, error){
		"another user's":   func() ([]byte, error) { return s.open(sealed, forCodes("bert")) },
		"the provider's":   func() ([]byte, error) { return s.open(sealed, forProvider) },
		"another key":      func() ([]byte, error) { return newSealer(NewKey()).open(sealed, forCodes("anna")) },
		"one that changed": func() ([]byte, error) { return s.open(changed, forCodes("anna")) },
		"nothing":          func() ([]byte, error) { return s.open(nil, forCodes("anna")) },
	} {
		if got, err := open(); err == nil {
			t.Errorf("%s: %q", what, got)
		}
	}
}

func TestRecoveryCodesAreReadAsPeopleTypeThem(t *testing.T) {
	all, hashes := newRecoveryCodes()
	seen := make(map[string]bool)
	for i, code := range all {
		if !regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$`).MatchString(code) || seen[code] {
			t.Errorf("%q", code)
		}
		seen[code] = true
		if got, ok := recoveryHash(code); !ok || got != hashes[i] {
			t.Errorf("%q is read as another", code)
		}
	}
	want, _ := recoveryHash("0123-ABCD-EFGH-1K1M-NPQR-STVW")
	for _, typed := range []string{"0123abcdefgh1k1mnpqrstvw", " O123 ABCD efgh IKLM npqr STVW ", "0123-abcd-efgh-1k1m-npqr-stvw"} {
		if got, ok := recoveryHash(typed); !ok || got != want {
			t.Errorf("%q is not read", typed)
		}
	}
	for _, typed := range []string{"", "0123", "0123-ABCD-EFGH-1K1M", "0123-ABCD-EFGH-1K1M-NPQR-STVU", "0123-ABCD-EFGH-1K1M-NPQR-STVW-0", "0123-ABCD-EFGH-1K1M-NPQR-STVü"} {
		if _, ok := recoveryHash(typed); ok {
			t.Errorf("%q is read", typed)
		}
	}
	if got := recoveryCode([]byte{0, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf}); got != "0123456789ABCDEF" {
		t.Errorf("the octets of 0 to 15 are %s", got)
	}
}

func TestCodesAreGoodAStepBeforeAndAfter(t *testing.T) {
	secret := random(secretLength)
	now := time.UnixMilli(1767225600000)
	for steps, good := range map[int]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		at := now.Add(time.Duration(steps) * codeEvery)
		code, err := totp.GenerateCode(secretText.EncodeToString(secret), at)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := matching(secret, code[:3]+" "+code[3:], now)
		if ok != good || ok && got != step(at) {
			t.Errorf("%d steps away: %v, step %d", steps, ok, got)
		}
	}
	for _, code := range []string{"", "12345", "1234567", "abcdef", "１２３４５６"} {
		if _, ok := matching(secret, code, now); ok {
			t.Errorf("%q is a code", code)
		}
	}
}

func TestAPasswordIsHashedAnewWhenTheParametersHaveChanged(t *testing.T) {
	d := newDesk(t)
	old := parameters{memory: 8 << 10, time: 1, threads: 1}
	salt := random(saltLength)
	d.append(room.PasswordChanged{Name: "anna", PasswordHashed: hash{old, salt, argon2id(goodPassword, salt, old)}.String()})
	stored := func() string {
		s, err := d.store.PasswordHashed(t.Context(), "anna")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := stored()
	_, _, err := d.SignIn(t.Context(), "anna", badPassword, "", visitor)
	wantError(t, err, room.ErrWrongSignIn)
	if stored() != before {
		t.Error("a wrong password was kept")
	}
	cookie, _, err := d.SignIn(t.Context(), "anna", goodPassword, "", visitor)
	if err != nil {
		t.Fatal(err)
	}
	h, err := parseHash(stored())
	if err != nil || h.parameters != current {
		t.Fatalf("stored is %s, %v", stored(), err)
	}
	// It is the same password: nothing ends, and it is good again.
	if _, _, err := d.Session(t.Context(), cookie); err != nil {
		t.Error(err)
	}
	again := stored()
	if _, _, err := d.SignIn(t.Context(), "anna", goodPassword, "", visitor); err != nil {
		t.Error(err)
	}
	if stored() != again {
		t.Error("it was hashed anew without need")
	}
}

// TestTwoAtOnceFindOneCodeOnce signs in by one code many times at once.
func TestTwoAtOnceFindOneCodeOnce(t *testing.T) {
	d := newDesk(t).cheaply()
	_, s := d.open("anna")
	id, secret, _ := d.BeginTOTP(s)
	code := func() string {
		c, err := totp.GenerateCode(secret, d.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	recovery, err := d.ConfirmTOTP(t.Context(), s, id, code(), visitor)
	if err != nil {
		t.Fatal(err)
	}
	d.clock.pass(time.Minute)
	for what, good := range map[string]string{"a code": code(), "a recovery code": recovery[0]} {
		const many = 5
		answers := make(chan error, many)
		for range many {
			go func() {
				_, _, err := d.SignIn(t.Context(), "anna", goodPassword, good, visitor)
				answers <- err
			}()
		}
		in := 0
		for range many {
			if err := <-answers; err == nil {
				in++
			} else {
				wantError(t, err, room.ErrWrongSignIn)
			}
		}
		if in != 1 {
			t.Errorf("%s was good %d times", what, in)
		}
	}
}
