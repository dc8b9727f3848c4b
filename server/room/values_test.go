package room_test

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"redroom/server/room"
)

func TestUserNames(t *testing.T) {
	for name, valid := range map[string]bool{
		"a":                     true,
		"7":                     true,
		"anna.b_c-d9":           true,
		strings.Repeat("a", 32): true,
		strings.Repeat("a", 33): false,
		"":                      false,
		".anna":                 false,
		"-anna":                 false,
		"_anna":                 false,
		"Anna":                  false,
		"änna":                  false,
		"an na":                 false,
		"anna\n":                false,
		"anna/":                 false,
	} {
		if got := room.ValidUserName(name); got != valid {
			t.Errorf("ValidUserName(%q) = %t", name, got)
		}
	}
}

func TestLabelsStandOnOneLine(t *testing.T) {
	const max = 5
	for label, valid := range map[string]bool{
		"a":            true,
		"Größe":        true, // five characters, seven octets
		"👩‍⚖️":         true, // joined of four code points
		"a b":          true,
		"":             false,
		"123456":       false,
		" a":           false,
		"a ":           false,
		"a\u00a0":      false, // a space that does not break is one too
		"a\nb":         false,
		"a\tb":         false,
		"a\x00":        false,
		"a\u0085b":     false, // next line
		"a\u2028b":     false, // line separator
		"a\u2029b":     false,
		"a\u202eb":     false, // turns what follows around
		"a\u2066b":     false,
		"a\u200fb":     false,
		"\ufeffa":      false,
		"\u200d":       false, // nothing to see
		"\u200d\u200d": false,
		"a\xff":        false,
	} {
		if got := room.ValidLabel(label, max); got != valid {
			t.Errorf("ValidLabel(%q, %d) = %t", label, max, got)
		}
	}
}

func TestPasswordsAreCountedInOctets(t *testing.T) {
	for password, valid := range map[string]bool{
		strings.Repeat("a", 11):          false,
		strings.Repeat("a", 12):          true,
		"ääääää":                         true,
		strings.Repeat("a", 256):         true,
		strings.Repeat("a", 257):         false,
		strings.Repeat("a", 12) + "\xff": false,
	} {
		if got := room.ValidPassword(password); got != valid {
			t.Errorf("ValidPassword(%q) = %t", password, got)
		}
	}
}

func TestClientIDsAreVisibleASCII(t *testing.T) {
	for id, valid := range map[string]bool{
		"a":                     true,
		"!~%":                   true,
		strings.Repeat("a", 64): true,
		strings.Repeat("a", 65): false,
		"":                      false,
		"a b":                   false,
		"a\x7f":                 false,
		"ä":                     false,
	} {
		if got := room.ValidClientID(id); got != valid {
			t.Errorf("ValidClientID(%q) = %t", id, got)
		}
	}
}

func TestIDs(t *testing.T) {
	for id, valid := range map[string]bool{
		"0123456789abcdef":  true,
		"zyxwvtsrqpnmkjhg":  true,
		"0123456789abcde":   false,
		"0123456789abcdef0": false,
		"0123456789abcdeF":  false,
		"0123456789abcdei":  false, // i, l, o and u are left out
		"0123456789abcdel":  false,
		"0123456789abcdeo":  false,
		"0123456789abcdeu":  false,
		"0123456789abcde\n": false,
		"0123456789abcde\r": false,
		"0123456789abcde=":  false,
		"":                  false,
	} {
		if got := room.ValidID(id); got != valid {
			t.Errorf("ValidID(%q) = %t", id, got)
		}
	}
	seen := make(map[string]bool)
	for range 1000 {
		id := room.NewID()
		if !room.ValidID(id) || seen[id] {
			t.Fatalf("NewID made %q, valid: %t, again: %t", id, room.ValidID(id), seen[id])
		}
		seen[id] = true
	}
}

func TestSecretsAreLongAndNeverTheSame(t *testing.T) {
	if a, b := room.NewToken(), room.NewToken(); len(a) != 43 || a == b {
		t.Errorf("tokens %q and %q: want 256 bits each in base64url, and two", a, b)
	}
	if a, b := room.NewEpoch(), room.NewEpoch(); len(a) != 16 || a == b {
		t.Errorf("epochs %q and %q: want 64 bits each in hex, and two", a, b)
	}
	if a, b := room.NewSalt(), room.NewSalt(); a == b {
		t.Errorf("two salts are %v", a)
	}
	if a, b := room.HashToken("a"), room.HashToken("b"); a == b || a != room.HashToken("a") {
		t.Error("a token's hash does not stand for the token")
	}
}

// The golden values of PROTOCOL.md section 4.1.
const (
	goldenTopic = "0123456789abcdef"
	goldenStart = "2dedd2b2d2e72fce455d9ac15eb1a6573b74eaa5f093b9db0702ff50161ba7c0"
	goldenFirst = "ae2c461afd638baa43ff0cf84bcc34ae5b8adff0b02e66bfb4e001db292d902f"
)

func goldenMessage() *room.Message {
	m := &room.Message{Seq: 1, Author: "anna", At: 1767225600000, Kind: room.Text, Body: []byte("Grüße")}
	for i := range m.Salt {
		m.Salt[i] = byte(i)
	}
	return m
}

func next(prev room.Hash, m *room.Message) room.Hash {
	return room.ChainNext(prev, m, len(m.Body), room.Digest(m.Salt, m.Body))
}

func TestTheChainIsTheProtocols(t *testing.T) {
	m := goldenMessage()
	if got := m.Salt.String(); got != "AAECAwQFBgcICQoL" {
		t.Errorf("the salt is written %q", got)
	}
	start := room.ChainStart(goldenTopic)
	if start.String() != goldenStart {
		t.Errorf("hash(0) = %s, want %s", start, goldenStart)
	}
	if got := next(start, m).String(); got != goldenFirst {
		t.Errorf("hash(1) = %s, want %s", got, goldenFirst)
	}
}

func TestTheChainDependsOnAllOfAMessage(t *testing.T) {
	start := room.ChainStart(goldenTopic)
	seen := map[room.Hash]string{next(start, goldenMessage()): "the message itself"}
	for what, change := range map[string]func(*room.Message){
		"seq":    func(m *room.Message) { m.Seq++ },
		"author": func(m *room.Message) { m.Author = "bert" },
		"time":   func(m *room.Message) { m.At++ },
		"kind":   func(m *room.Message) { m.Kind = room.System },
		"ref":    func(m *room.Message) { m.Ref = 1 },
		"salt":   func(m *room.Message) { m.Salt[0]++ },
		"body":   func(m *room.Message) { m.Body = []byte("Grüsse!") },
	} {
		m := goldenMessage()
		change(m)
		h := next(start, m)
		if same, ok := seen[h]; ok {
			t.Errorf("with another %s the chain's value is that of %s", what, same)
		}
		seen[h] = what
	}
	if h := next(room.ChainStart("0123456789abcdeg"), goldenMessage()); h.String() == goldenFirst {
		t.Error("the same message in another topic has the same value")
	}
}

func TestHashesAreReadAsTheyAreWritten(t *testing.T) {
	h, ok := room.ParseHash(goldenFirst)
	if !ok || h.String() != goldenFirst {
		t.Errorf("ParseHash(%q) = %s, %t", goldenFirst, h, ok)
	}
	if raw, err := hex.DecodeString(goldenFirst); err != nil || room.Hash(raw) != h {
		t.Errorf("ParseHash(%q) = %x, want %x", goldenFirst, h[:], raw)
	}
	for _, s := range []string{"", goldenFirst[1:], goldenFirst + "0", strings.ToUpper(goldenFirst), "g" + goldenFirst[1:]} {
		if h, ok := room.ParseHash(s); ok || h != (room.Hash{}) {
			t.Errorf("ParseHash(%q) = %s, %t", s, h, ok)
		}
	}
}

func TestClientIDsLieInTheOrderOfTheirTime(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	seen := make(map[string]bool)
	for last := ""; at.Year() < 2050; at = at.Add(1000 * time.Hour) {
		id, twin := room.NewClientID(at), room.NewClientID(at)
		if !room.ValidClientID(id) || id <= last || id == twin || seen[id] {
			t.Errorf("%q after %q, beside %q", id, last, twin)
		}
		last, seen[id] = max(id, twin), true
	}
}
