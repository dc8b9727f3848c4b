package signin

import (
	"strings"
	"testing"
)

func TestAHashSaysHowItWasMade(t *testing.T) {
	s := newHash(goodPassword, argon2id).String()
	if !strings.HasPrefix(s, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("got %s", s)
	}
	h, err := parseHash(s)
	if err != nil {
		t.Fatal(err)
	}
	if !h.matches(goodPassword, argon2id) || h.matches(badPassword, argon2id) {
		t.Error("it doesn't tell the passwords apart")
	}
	if other := newHash(goodPassword, argon2id).String(); other == s {
		t.Error("two hashes of one password are the same")
	}
}

func TestAHashOfOtherParametersIsStillGood(t *testing.T) {
	p := parameters{memory: 8 << 10, time: 3, threads: 2}
	salt := random(saltLength)
	h, err := parseHash(hash{parameters: p, salt: salt, key: argon2id(goodPassword, salt, p)}.String())
	if err != nil {
		t.Fatal(err)
	}
	if h.parameters != p || !h.matches(goodPassword, argon2id) || h.matches(badPassword, argon2id) {
		t.Errorf("read as %+v", h.parameters)
	}
}

func TestAnythingElseIsNoHash(t *testing.T) {
	good := newHash(goodPassword, argon2id).String()
	replace := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for _, s := range []string{
		"", "x", good + "$", good + "=", good[:len(good)-1], "$" + good,
		replace("argon2id", "argon2i"), replace("v=19", "v=16"), replace("t=2", "t=0"), replace("p=1", "p=0"),
		replace("m=19456", "m=0"), replace("m=19456", "m=4294967295"), replace("m=19456", "m=019456"), replace("t=2", "t=2 "),
		replace("p=1", "p=1,x=2"), replace("p=1", "p=300"), replace("t=2", "t=65"),
	} {
		if _, err := parseHash(s); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
}
