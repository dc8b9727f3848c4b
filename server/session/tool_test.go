package session_test

import (
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"redroom/server/room"
)

const tokenLife = 10 * time.Second // less than the silence before a PING

// makeToken gives a program a token of a user's.
func (p *parts) makeToken(t *testing.T, user string, role room.Role, life time.Duration) (token, id string) {
	t.Helper()
	token, id = room.NewToolToken(), room.NewID()
	p.append(t, room.ToolTokenMade{
		Stamp: stamp(user), ID: id, Token: room.HashToken(token), User: user, Label: "Feed", Role: role,
		Expires: time.Now().Add(life).UnixMilli(),
	})
	return token, id
}

// comes opens a session with a token.
func (p *parts) comes(t *testing.T, token, user string) (*pipe, *wire) {
	t.Helper()
	client := p.open()
	control := client.channel(t)
	control.say(t, "TOKEN 0 "+token+"\n")
	control.expect(t, "ACK 0 TOKEN "+user)
	return client, control
}

// TestAProgramSeesAndDoesWhatItsRoleMay has a program of an admin's do things with
// a token for members, and then the same with a token for all, once its user is a
// member and no more: the two hear the same, octet for octet.
func TestAProgramSeesAndDoesWhatItsRoleMay(t *testing.T) {
	const elsewhere, narrowed, between = "topc000000000002", "topc000000000003", "topc000000000004"
	hears := func(role room.Role, tokenRole room.Role) (heard string) {
		inTime(t, func(t *testing.T, p *parts) {
			for _, ev := range []room.Event{
				room.UserAdded{Stamp: stamp(""), Name: "toni", Display: "Toni", Role: room.Member},
				room.MemberAdded{Stamp: stamp("anna"), Deal: deal, User: "toni"},
				room.DealCreated{Stamp: stamp("anna"), ID: "deal000000000002", Name: "Other", History: room.HistoryAll},
				room.TopicCreated{Stamp: stamp("anna"), ID: elsewhere, Deal: "deal000000000002", Title: "Elsewhere", Number: 1},
				room.TopicCreated{Stamp: stamp("anna"), ID: narrowed, Deal: deal, Title: "Narrowed", Number: 2, Narrowed: true, Members: []string{"bert"}},
				room.DirectCreated{Stamp: stamp("bert"), ID: between, Deal: deal, With: "toni"},
				room.MessagePosted{Stamp: stamp("anna"), Topic: topic, ID: "before", Kind: room.Text, Body: []byte("hi")},
				room.ReaderMoved{Stamp: stamp("anna"), Topic: topic, User: "toni", Seq: 2},
				room.UserChanged{Stamp: stamp("anna"), Name: "toni", Role: &role},
				room.MessagePosted{Stamp: stamp("bert"), Topic: topic, ID: "others", Kind: room.Text, Body: []byte("hi")},
			} {
				p.append(t, ev)
			}
			epoch := p.store.Epoch()
			token, _ := p.makeToken(t, "toni", tokenRole, time.Hour)
			client, control := p.comes(t, token, "toni")
			var all strings.Builder
			listen := func(w *wire) (step func(octets string)) {
				heard := listenTo(w)
				return func(octets string) {
					w.say(t, octets)
					time.Sleep(3 * time.Second) // all of it has come
					for _, f := range heard() {
						all.WriteString(strings.ReplaceAll(f, epoch, "EPOCH") + "\n")
					}
				}
			}
			say := listen(control)
			say("WATCH 0\nTYPING 0 " + narrowed + "\n")
			for _, id := range []string{elsewhere, narrowed, between, topic, "nowhere"} {
				c := client.channel(t)
				ask := listen(c)
				if ask("JOIN 0 " + id + " 0\n"); strings.Contains(all.String(), "404 "+id) {
					continue // and closed
				}
				for _, frame := range []string{"READ 0 2\nHEAD 0\nHEAD 0 1\n", "POST 2 mine\nhi", "POST 0 not-mine redact 2\n", "POST 2 edit edit 2\nho"} {
					ask(frame)
				}
			}
			p.append(t, room.DealChanged{Stamp: stamp("anna"), ID: "deal000000000002", Name: ptr("Something else")})
			p.append(t, room.MessagePosted{Stamp: stamp("anna"), Topic: narrowed, ID: "news", Kind: room.Text, Body: []byte("hi")})
			say("PING 0\n")
			marks, err := p.store.ReadMarks(t.Context(), "toni")
			if err != nil || marks[topic] != 2 {
				t.Errorf("as a %s by a token for a %s: read up to %v, %v", role, tokenRole, marks, err)
			}
			heard = all.String()
			client.Close(0, "")
		})
		return heard
	}
	for _, role := range []room.Role{room.Member, room.Observer} {
		want := hears(role, role)
		if strings.Contains(want, elsewhere) && !strings.Contains(want, " 404 "+elsewhere) {
			t.Errorf("a %s hears of another deal: %s", role, want)
		}
		if role == room.Observer && strings.Contains(want, "ACK 0 mine") {
			t.Errorf("an observer posts: %s", want)
		}
		if got := hears(room.Admin, role); got != want {
			t.Errorf("an admin's program, by a token for a %s, hears\n%s\na %s's own\n%s", role, got, role, want)
		}
	}
	if hears(room.Member, room.Member) == hears(room.Admin, room.Admin) {
		t.Error("an admin's program hears what a member's does, whatever its token says")
	}
}

// listenTo reads on until the channel's end. What came since it was asked last are
// frames in alphabetical order, since some may overtake others, without salts,
// which are drawn.
func listenTo(w *wire) (heard func() []string) {
	var mu sync.Mutex
	var came []string
	go func() {
		for {
			header, err := w.in.ReadString('\n')
			if err != nil {
				return
			}
			fields := strings.Fields(header)
			length, _ := strconv.Atoi(fields[1])
			payload := make([]byte, length)
			io.ReadFull(w.in, payload)
			if fields[0] == "MESSAGE" {
				fields[7] = "SALT"
			}
			mu.Lock()
			came = append(came, strings.Join(fields, " ")+" "+string(payload))
			mu.Unlock()
		}
	}()
	return func() (frames []string) {
		mu.Lock()
		defer mu.Unlock()
		frames, came = slices.Sorted(slices.Values(came)), nil
		return frames
	}
}

// TestATokenOfAProgramIsGoodManyTimes until it ends, is revoked, or is more than
// its user may have: who is there by it then leaves within a second, and nothing
// follows.
func TestATokenOfAProgramIsGoodManyTimes(t *testing.T) {
	for what, c := range map[string]struct {
		bye    string
		passes time.Duration // before it ends
		end    func(t *testing.T, p *parts, id string)
	}{
		"revoked": {"BYE n 401", 0, func(t *testing.T, p *parts, id string) {
			p.append(t, room.ToolTokenRevoked{Stamp: stamp("anna"), ID: id, User: "bert"})
		}},
		"ended": {"BYE n 401", tokenLife, func(*testing.T, *parts, string) { time.Sleep(tokenLife) }},
		"of somebody who is deactivated": {"BYE n 410", 0, func(t *testing.T, p *parts, _ string) {
			p.append(t, room.UserChanged{Stamp: stamp("anna"), Name: "bert", Active: ptr(false)})
		}},
		"of somebody with a lesser role": {"BYE n 401", 0, func(t *testing.T, p *parts, _ string) {
			p.append(t, room.UserChanged{Stamp: stamp("anna"), Name: "bert", Role: ptr(room.Observer)})
		}},
	} {
		t.Run(what, func(t *testing.T) {
			inTime(t, func(t *testing.T, p *parts) {
				p.post(t, "first")
				token, id := p.makeToken(t, "bert", room.Member, tokenLife)
				idle, first := p.comes(t, token, "bert")
				busy, second := p.comes(t, token, "bert")
				go answerPings(first)
				reading := busy.channel(t)
				reading.joins(t)
				over := make(chan []byte, 1)
				go func() {
					rest, _ := io.ReadAll(reading.in)
					over <- rest
				}()
				began := time.Now()
				c.end(t, p, id)
				synctest.Wait()
				p.append(t, room.MessagePosted{Stamp: stamp("anna"), Topic: topic, ID: "later", Kind: room.Text, Body: []byte("not for him")})
				second.expect(t, c.bye)
				second.CloseWrite()
				for _, client := range []*pipe{idle, busy} {
					<-client.ctx.Done()
				}
				if rest := <-over; strings.Contains(string(rest), "not for him") {
					t.Errorf("afterwards came %q", rest)
				}
				if took := time.Since(began) - c.passes; took >= time.Second {
					t.Errorf("it took %v", took)
				}
				client := p.open()
				control := client.channel(t)
				control.say(t, "TOKEN 0 "+token+"\n")
				control.expect(t, "ERR n 401 TOKEN")
				control.expect(t, "BYE n 401")
				control.CloseWrite()
				<-client.ctx.Done()
			})
		})
	}
}

// answerPings does so until the end.
func answerPings(w *wire) {
	for {
		line, err := w.in.ReadString('\n')
		if err != nil {
			return
		}
		if strings.HasPrefix(line, "PING") {
			io.WriteString(w, "PONG 0\n")
		}
		if strings.HasPrefix(line, "BYE") {
			w.CloseWrite()
		}
	}
}

// TestASignInThatReachesItsEndEndsItsConnections does so on time: for its age, and
// for not being used.
func TestASignInThatReachesItsEndEndsItsConnections(t *testing.T) {
	for what, c := range map[string]struct {
		idle, life int64 // s
		uses       time.Duration
		after      time.Duration
	}{
		"by its age":              {0, 3600, 0, time.Hour},
		"by its age, though used": {600, 3600, 4 * time.Minute, time.Hour},
		"when it isn't used":      {600, 3600, 0, 10 * time.Minute},
	} {
		t.Run(what, func(t *testing.T) {
			inTime(t, func(t *testing.T, p *parts) {
				p.append(t, room.SignInRulesChanged{Stamp: stamp(""), Idle: &c.idle, Life: &c.life})
				began := time.Now()
				client, control := p.signIn(t, "bert")
				// Who hears doesn't say anything: a pipe holds nothing, so that a PONG
				// which the end overtakes would hold up the last words.
				pinged := make(chan struct{}, 1)
				go speak(client, control, c.uses, pinged)
				for {
					got := control.hear(t)
					if strings.HasPrefix(got, "PING") {
						pinged <- struct{}{}
						continue
					}
					if fields := strings.Fields(got); fields[0] != "BYE" || fields[2] != "401" {
						t.Errorf("heard %q", got)
					}
					break
				}
				if took := time.Since(began); took < c.after || took > c.after+time.Second {
					t.Errorf("it ended after %v, want %v", took, c.after)
				}
				control.CloseWrite()
				<-client.ctx.Done()
			})
		})
	}
}

// speak answers PING, which is no use of the room, and uses it every so often if
// that isn't 0, until the session is over.
func speak(client *pipe, control *wire, uses time.Duration, pinged <-chan struct{}) {
	var use <-chan time.Time
	if uses > 0 {
		ticker := time.NewTicker(uses)
		defer ticker.Stop()
		use = ticker.C
	}
	for {
		select {
		case <-pinged:
			io.WriteString(control, "PONG 0\n")
		case <-use:
			io.WriteString(control, "TYPING 0 "+topic+"\n")
		case <-client.ctx.Done():
			return
		}
	}
}

// TestOtherRulesEndWhoIsThere shows that a shorter life counts for those who are
// there too, at once.
func TestOtherRulesEndWhoIsThere(t *testing.T) {
	inTime(t, func(t *testing.T, p *parts) {
		client, control := p.signIn(t, "bert")
		for range 60 {
			control.expect(t, "PING 0")
			control.say(t, "PONG 0\n")
		}
		p.append(t, room.SignInRulesChanged{Stamp: stamp(""), Idle: ptr(int64(600)), Life: ptr(int64(600))})
		control.expect(t, "BYE n 401")
		control.CloseWrite()
		<-client.ctx.Done()
	})
}
