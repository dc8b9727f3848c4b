package session_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pquerna/otp/totp"

	"redroom/server/room"
)

const secretWord = "schöner großer Garten"

// withPasswords gives anna and bert one.
func withPasswords(t *testing.T, p *parts) {
	t.Helper()
	hashed, err := p.desk.HashPassword(t.Context(), secretWord, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"anna", "bert"} {
		p.append(t, room.PasswordChanged{Stamp: stamp(""), Name: name, PasswordHashed: hashed})
	}
}

// pass is the PASS frame; fields are escaped as PROTOCOL.md section 1 says.
func pass(password string, code ...string) string {
	escape := func(s string) string {
		if s == "" {
			return "-"
		}
		var b strings.Builder
		for i := range len(s) {
			if c := s[i]; c < 0x21 || c > 0x7e || c == '%' {
				fmt.Fprintf(&b, "%%%02X", c)
			} else {
				b.WriteByte(c)
			}
		}
		return b.String()
	}
	frame := "PASS 0 " + escape(password)
	for _, c := range code {
		frame += " " + escape(c)
	}
	return frame + "\n"
}

// all reads what is said until the channel's end.
func (w *wire) all(t *testing.T) string {
	t.Helper()
	said, err := io.ReadAll(w.in)
	if err != nil {
		t.Fatal(err)
	}
	w.CloseWrite()
	return string(said)
}

// enter signs in by a name and a password.
func (p *parts) enter(t *testing.T, name string, code ...string) (*pipe, *wire) {
	t.Helper()
	client := p.open()
	control := client.channel(t)
	control.say(t, "USER 0 "+name+"\n")
	control.expect(t, "ACK 0 USER")
	control.say(t, pass(secretWord, code...))
	control.expect(t, "ACK 0 PASS "+name)
	return client, control
}

func (p *parts) signIns(t *testing.T, user string) []room.Session {
	t.Helper()
	all, err := p.desk.Sessions(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestAPasswordOpensASignInOfItsOwn shows that each connection has one, and that
// it ends with it.
func TestAPasswordOpensASignInOfItsOwn(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		withPasswords(t, p)
		first, control := p.enter(t, "bert")
		second, _ := p.enter(t, "bert")
		all := p.signIns(t, "bert")
		if len(all) != 2 || all[0].ID == all[1].ID {
			t.Fatalf("the sign-ins are %+v", all)
		}
		for _, s := range all {
			if s.Device != "pipe" || s.Address != "127.0.0.1" || s.Factor != room.NoFactor {
				t.Errorf("a sign-in says of itself %+v", s)
			}
		}
		control.say(t, "WATCH 0\n")
		control.await(t, "ACK 0 WATCH")
		first.Close(0, "")
		synctest.Wait()
		if left := p.signIns(t, "bert"); len(left) != 1 {
			t.Errorf("one connection is over, the sign-ins are %+v", left)
		}
		second.Close(0, "")
		synctest.Wait()
		if left := p.signIns(t, "bert"); len(left) != 0 {
			t.Errorf("both connections are over, the sign-ins are %+v", left)
		}
	})
}

// TestWhoHasNoRightPasswordHearsTheSame compares whole answers, octet for octet.
func TestWhoHasNoRightPasswordHearsTheSame(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		withPasswords(t, p)
		p.append(t, room.UserAdded{Stamp: stamp(""), Name: "keys", Display: "By a passkey only", Role: room.Member})
		p.append(t, room.UserAdded{Stamp: stamp(""), Name: "gone", Display: "Gone", Role: room.Member})
		p.append(t, room.UserChanged{Stamp: stamp("anna"), Name: "gone", Active: ptr(false)})
		want := "ERR 31 401 PASS\n" + room.ErrWrongSignIn.Text + "BYE 31 401\n" + room.ErrWrongSignIn.Text
		for what, c := range map[string]struct{ user, pass string }{
			"an unknown user":           {"nobody", pass(secretWord)},
			"no user's name":            {"%C3%BC%20", pass(secretWord)},
			"an empty name":             {"-", pass(secretWord)},
			"a wrong password":          {"bert", pass("not this one, not that one")},
			"an empty password":         {"bert", "PASS 0 -\n"},
			"a password that is cut":    {"bert", pass(secretWord[:len(secretWord)-1])},
			"no password, but passkeys": {"keys", pass(secretWord)},
			"a deactivated account":     {"gone", pass(secretWord)},
			"a wrong one with a code":   {"bert", pass("not this one, not that one", "123456")},
		} {
			client := p.open()
			control := client.channel(t)
			control.say(t, "USER 0 "+c.user+"\n")
			control.expect(t, "ACK 0 USER")
			control.say(t, c.pass)
			if got := control.all(t); got != want {
				t.Errorf("%s hears %q, want %q", what, got, want)
			}
			<-client.ctx.Done()
			if client.other.closed != 401 {
				t.Errorf("%s: closed with %d", what, client.other.closed)
			}
		}
		if left := p.signIns(t, "bert"); len(left) != 0 {
			t.Errorf("nobody has signed in, and there are %+v", left)
		}
	})
}

// TestASecondFactorIsAskedForByFrames shows what a right password hears without a
// right code, and that a code is good once.
func TestASecondFactorIsAskedForByFrames(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		withPasswords(t, p)
		secret := p.hasCodes(t, "bert")
		code := func() string {
			t.Helper()
			made, err := totp.GenerateCode(secret, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			return made
		}
		time.Sleep(time.Minute)
		refused := func(what string, code ...string) {
			t.Helper()
			client := p.open()
			control := client.channel(t)
			control.say(t, "USER 0 bert\n")
			control.expect(t, "ACK 0 USER")
			control.say(t, pass(secretWord, code...))
			if got := control.hear(t); !strings.HasSuffix(got, " 401 PASS code") {
				t.Errorf("%s is answered %q", what, got)
			}
			control.expect(t, "BYE n 401")
			control.CloseWrite()
			<-client.ctx.Done()
		}
		refused("no code")
		refused("an empty code", "")
		refused("a wrong code", "abcdef")
		right := code()
		client, _ := p.enter(t, "bert", right)
		if in := p.signIns(t, "bert"); len(in) != 1 || in[0].Factor != room.FactorTOTP {
			t.Errorf("the sign-ins are %+v", in)
		}
		refused("the same code once more", right)
		client.Close(0, "")
	})
}

// TestTooManyWrongPasswordsAreToldWhenToComeBack is by frames what it is by HTTP.
func TestTooManyWrongPasswordsAreToldWhenToComeBack(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		withPasswords(t, p)
		last := ""
		for range 11 {
			client := p.open()
			control := client.channel(t)
			control.say(t, "USER 0 bert\n")
			control.expect(t, "ACK 0 USER")
			control.say(t, pass("not this one, not that one"))
			last = control.hear(t)
			rest := control.hear(t)
			if strings.Contains(last, " 429 ") && !strings.Contains(rest, " 503 30") {
				t.Errorf("after %q follows %q", last, rest)
			}
			control.CloseWrite()
			<-client.ctx.Done()
		}
		if !strings.HasSuffix(last, " 429 PASS 30") {
			t.Errorf("the 11th try is answered %q", last)
		}
	})
}

// TestWhatComesBeforeTheSignIn shows what may, in what order, and what ends the
// session.
func TestWhatComesBeforeTheSignIn(t *testing.T) {
	for what, c := range map[string]struct {
		say  string
		want []string
	}{
		"PASS first":               {pass(secretWord), []string{"ERR n 401 PASS", "BYE n 401"}},
		"JOIN after USER":          {"USER 0 bert\nJOIN 0 " + topic + " 0\n", []string{"ACK n USER", "ERR n 401 " + topic, "BYE n 401"}},
		"WATCH after USER":         {"USER 0 bert\nWATCH 0\n", []string{"ACK n USER", "ERR n 401 WATCH", "BYE n 401"}},
		"PING and what is unknown": {"USER 0 bert\nPING 0 1\nPOEM 0 x\n" + pass(secretWord), []string{"ACK n USER", "PONG n 1", "ACK n PASS bert"}},
		"another USER":             {"USER 0 anna\nUSER 0 bert\n" + pass(secretWord), []string{"ACK n USER", "ACK n USER", "ACK n PASS bert"}},
		"USER without a name":      {"USER 0\nUSER 0 bert\n" + pass(secretWord), []string{"ERR n 422 USER", "ACK n USER", "ACK n PASS bert"}},
		"PASS without a password":  {"USER 0 bert\nPASS 0\n" + pass(secretWord), []string{"ACK n USER", "ERR n 422 PASS", "ACK n PASS bert"}},
		"USER with a payload":      {"USER 1 bert\nxUSER 0 bert\n" + pass(secretWord), []string{"ERR n 413 USER", "ACK n USER", "ACK n PASS bert"}},
		"a token after USER":       {"USER 0 bert\nTOKEN 0 x\n", []string{"ACK n USER", "ERR n 401 TOKEN", "BYE n 401"}},
		"fields that come later":   {"USER 0 bert later=1\n" + strings.TrimSuffix(pass(secretWord), "\n") + " - later=1\n", []string{"ACK n USER", "ACK n PASS bert"}},
		"PASS twice":               {"USER 0 bert\n" + pass(secretWord) + pass(secretWord), []string{"ACK n USER", "ACK n PASS bert", "ERR n 409 PASS"}},
		"USER when signed in":      {"USER 0 bert\n" + pass(secretWord) + "USER 0 anna\nPING 0\n", []string{"ACK n USER", "ACK n PASS bert", "ERR n 409 USER", "PONG n"}},
		"a malformed password":     {"USER 0 bert\nPASS 0 sch\xc3\xb6n\n", []string{"ACK n USER", "ERR n 400 -", "BYE n 400"}},
		"a password of 2 fields":   {"USER 0 bert\nPASS 0 sch%C3%B6ner gro%C3%9Fer\n", []string{"ACK n USER", "ERR n 401 PASS", "BYE n 401"}},
	} {
		t.Run(what, func(t *testing.T) {
			inTime(t, func(t *testing.T, p *parts) {
				withPasswords(t, p)
				client := p.open()
				control := client.channel(t)
				go io.WriteString(control, c.say)
				for _, want := range c.want {
					got := strings.Fields(control.hear(t))
					got[1] = "n"
					if got := strings.Join(got, " "); got != want {
						t.Fatalf("heard %q, want %q", got, want)
					}
				}
				client.Close(0, "")
			})
		})
	}
}

// TestNobodySignsInForLongerThan10Seconds counts from the beginning, whatever was
// said of it.
func TestNobodySignsInForLongerThan10Seconds(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		withPasswords(t, p)
		began := time.Now()
		control := p.open().channel(t)
		time.Sleep(9 * time.Second)
		control.say(t, "USER 0 bert\n")
		control.expect(t, "ACK 0 USER")
		control.expect(t, "BYE n 401")
		expectAfter(t, began, 10*time.Second)
	})
}

// TestOfWhomAFactorIsDemandedOpensNoConnectionWithout shows that a sign-in that
// may do nothing but set one up ends at once.
func TestOfWhomAFactorIsDemandedOpensNoConnectionWithout(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		withPasswords(t, p)
		p.append(t, room.SignInRulesChanged{Stamp: stamp(""), Demand: &[]room.Role{room.Member}})
		client := p.open()
		control := client.channel(t)
		control.say(t, "USER 0 bert\n")
		control.expect(t, "ACK 0 USER")
		control.say(t, pass(secretWord))
		control.expect(t, "ERR n 403 PASS")
		control.expect(t, "BYE n 401")
		control.CloseWrite()
		<-client.ctx.Done()
		synctest.Wait()
		if left := p.signIns(t, "bert"); len(left) != 0 {
			t.Errorf("he opened no connection, and his sign-ins are %+v", left)
		}
	})
}

// hasCodes gives a user a second factor, and tells its secret.
func (p *parts) hasCodes(t *testing.T, user string) string {
	t.Helper()
	visitor := room.Visitor{Address: home}
	_, in, err := p.desk.Open(t.Context(), user, visitor)
	if err != nil {
		t.Fatal(err)
	}
	id, secret, _ := p.desk.BeginTOTP(in)
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.desk.ConfirmTOTP(t.Context(), in, id, code, visitor); err != nil {
		t.Fatal(err)
	}
	p.append(t, room.SessionEnded{Stamp: stamp(user), ID: in.ID, User: user})
	return secret
}
