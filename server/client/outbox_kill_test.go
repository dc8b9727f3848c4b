package client_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"redroom/server/client"
	"redroom/server/servertest"
)

// postingOrder is the variable that makes the test's binary a program which
// posts: an order in JSON.
const postingOrder = "REDROOM_TEST_POSTING"

// order is what such a program has to do: to keep the posts from number From up
// to To in an outbox and send them all. It says "kept N" and "accepted N SEQ".
type order struct {
	Room    string // its URL
	Cookies []*http.Cookie
	Topic   string
	Outbox  string // the file's path
	From    int
	To      int
}

func postAsOrdered(encoded string) {
	var o order
	if err := json.Unmarshal([]byte(encoded), &o); err != nil {
		log.Fatal(err)
	}
	if err := o.post(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func (o order) post(ctx context.Context) error {
	at, err := url.Parse(o.Room)
	if err != nil {
		return err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	jar.SetCookies(at, o.Cookies)
	outbox, err := client.OpenOutbox(ctx, o.Outbox)
	if err != nil {
		return err
	}
	defer outbox.Close()
	c := client.Connect(client.Config{Ticket: client.HTTPTickets(&http.Client{Jar: jar}, o.Room, ""), WebTransport: client.WebTransport(nil)})
	defer c.Close()
	ctx, end := context.WithCancel(ctx)
	defer end()
	accepted, ran := make(chan int, o.To), make(chan error, 1)
	go func() {
		ran <- outbox.Run(ctx, c, func(a client.Answered) {
			var n int
			fmt.Sscanf(a.ID, "post-%d", &n)
			if a.Refused != nil {
				log.Fatalf("post %d was refused: %v", n, a.Refused)
			}
			fmt.Printf("accepted %d %d\n", n, a.Seq)
			accepted <- n
		})
	}()
	for n := o.From; n <= o.To; n++ {
		if _, err := outbox.Post(ctx, o.Topic, client.Post{ID: fmt.Sprintf("post-%d", n), Body: fmt.Sprintf("Nummer %d", n)}); err != nil {
			return err
		}
		fmt.Printf("kept %d\n", n)
	}
	for n := 0; n < o.To; {
		select {
		case n = <-accepted:
		case err := <-ran:
			return err
		}
	}
	end()
	if err := <-ran; !errors.Is(err, context.Canceled) { // what came of the last one is noted
		return err
	}
	return nil
}

// poster is such a program.
type poster struct {
	cmd  *exec.Cmd
	said *bufio.Scanner
	errs bytes.Buffer
}

func start(t *testing.T, o order) *poster {
	t.Helper()
	encoded, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	p := &poster{cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), postingOrder+"="+string(encoded))
	p.cmd.Stderr = &p.errs
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.said = bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

func (p *poster) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// TestAnOutboxSurvivesKills kills a program in the middle of 200 posts, several
// times. In the end each post is in the log once, in its order, and was told to
// be accepted where it is.
func TestAnOutboxSurvivesKills(t *testing.T) {
	const posts, kills = 200, 8
	chance := servertest.Rand(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	topic := anna.Topic(t, anna.Deal(t, "Kill", "all"), "By a program", 1)
	at, err := url.Parse(r.Plain)
	if err != nil {
		t.Fatal(err)
	}
	o := order{Room: r.Plain, Cookies: anna.HTTP.Jar.Cookies(at), Topic: topic, Outbox: filepath.Join(t.TempDir(), "outbox.db"), From: 1, To: posts}

	told := make(map[int]int64)
	twice, kept := 0, 0
	for kill := 0; len(told) < posts; kill++ {
		o.From = kept + 1
		p := start(t, o)
		answers := len(told) + 1 + chance.IntN(2*posts/kills)
		killed := false
		end := func() { // what it has said until then is still heard
			if kill == 0 {
				if _, err := client.OpenOutbox(t.Context(), o.Outbox); !errors.Is(err, client.ErrOutboxInUse) {
					t.Errorf("while the program has it, the outbox was opened: %v", err)
				}
			}
			killed = true
			p.cmd.Process.Kill()
		}
		for p.said.Scan() {
			line := p.said.Text()
			var n int
			var seq int64
			if _, err := fmt.Sscanf(line, "kept %d", &n); err == nil {
				kept = n
				if n%29 == 0 && kill < kills && !killed && chance.IntN(3) == 0 {
					end()
				}
				continue
			}
			if _, err := fmt.Sscanf(line, "accepted %d %d", &n, &seq); err != nil {
				t.Fatalf("the program said %q", line)
			}
			if before, again := told[n]; again && before != seq {
				t.Errorf("post %d was accepted as %d, then as %d", n, before, seq)
			} else if again {
				twice++
			}
			told[n] = seq
			if len(told) >= answers && kill < kills && !killed {
				end()
			}
		}
		if err := p.cmd.Wait(); err != nil && !killed {
			t.Fatalf("the program ended with %v: %s", err, &p.errs)
		}
		if kill > kills {
			t.Fatalf("%d posts were never told of", posts-len(told))
		}
	}

	var page struct {
		Messages []struct {
			Seq  int64
			Body string
		}
	}
	anna.Must(t, "GET", "/api/topics/"+topic+"/messages?after=0&limit=1000", nil, &page, 200)
	var want, got []string
	for n := 1; n <= posts; n++ {
		want = append(want, fmt.Sprintf("Nummer %d", n))
		if told[n] != int64(n) {
			t.Errorf("post %d was told to be accepted as %d", n, told[n])
		}
	}
	for _, m := range page.Messages {
		got = append(got, m.Body)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the log has %d messages: %s", len(got), strings.Join(got, ", "))
	}
	outbox, err := client.OpenOutbox(t.Context(), o.Outbox)
	if err != nil {
		t.Fatal(err)
	}
	defer outbox.Close()
	if left, err := outbox.Posts(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("the outbox still has %v, %v", left, err)
	}
	t.Logf("%d kills; %d acceptances were told twice", kills, twice)
}
