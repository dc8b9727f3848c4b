package server_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"redroom/server/servertest"
)

// searches are what an outsider looks for.
var searches = []string{
	"q=kept&topic={topic}", "q=kept&deal={deal}", "q=&topic={topic}", "q=&deal={deal}", "q=kept+in:{topic}", "q=in:{topic}", "q=kept+from:{name}&topic={topic}",
	"q=kept&topic={topic}&limit=1", "q=kept&topic={topic}&limit=x", "q=kept&topic={topic}&before=2027", "q=kept&cursor={topic}.1", "q=kept&cursor={topic}.999",
	"q=kept&cursor={topic}", "q=from:{name}", "q=kept&author={name}", "q=%22{topic}%22",
}

// keeps has something said behind each wall, and in the topic of all.
func (w *walls) keeps(t *testing.T, words string, times int) {
	t.Helper()
	for topic, by := range map[string]*servertest.API{w.foreign: w.otto, w.clean: w.carl, w.between: w.dora} {
		c := w.Enter(t, by).Join(t, topic, 0)
		for n := range times {
			id := fmt.Sprintf("%s-%d", strings.ReplaceAll(words, " ", "-"), n)
			c.Say(t, fmt.Sprintf("POST %d %s text -\n%s", len(words), id, words))
			c.Await(t, "ACK "+id+" *")
		}
	}
}

// indexed waits until whoever reads all has nothing behind.
func (w *walls) indexed(t *testing.T) {
	t.Helper()
	for name, as := range map[string]*servertest.API{"anna": w.anna, "carl": w.carl, "otto": w.otto} {
		for ends := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			var got struct{ Behind int64 }
			as.Must(t, "GET", "/api/search?q=anything", nil, &got, 200)
			if got.Behind == 0 {
				break
			}
			if time.Now().After(ends) {
				t.Fatalf("for %s the index is still %d behind", name, got.Behind)
			}
		}
	}
}

// TestWallOfSearch has outsiders search for what is hidden from them, and for what
// doesn't exist: the answers are the same octets, over every HTTP. And whatever is
// said behind a wall, they find what they found before.
func TestWallOfSearch(t *testing.T) {
	w := newWalls(t)
	w.keeps(t, "kept for falcon", 3)
	w.indexed(t)
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0", "HTTP/3.0"} {
		for _, o := range w.outsiders {
			ask := w.asker(t, protocol, o.as.Name)
			for _, q := range searches {
				if o.hidden.fill(q) == o.other.fill(q) || o.hidden.topic == o.other.topic && !strings.Contains(q, "{name}") {
					continue
				}
				if o.hidden.name != o.other.name && strings.Contains(q, "{name}") && o.hidden.deal == o.other.deal && o.hidden.topic != o.other.topic {
					continue
				}
				hidden, other := o.hidden.blur(ask("GET", "/api/search?"+o.hidden.fill(q), "")), o.other.blur(ask("GET", "/api/search?"+o.other.fill(q), ""))
				if hidden != other {
					t.Errorf("%s, over %s: %s is answered\n%s\nand for what doesn't exist\n%s", o.what, protocol, q, hidden, other)
				}
			}
		}
	}

	all := func() (answers map[string]string) {
		answers = make(map[string]string)
		for name, as := range map[string]*servertest.API{"bert": w.bert, "olga": w.olga} {
			for _, q := range []string{"falcon", "fal", "kept", "f", "from:carl", "from:otto", "after:2020", "before:2040", "merlin", `"kept for merlin"`} {
				status, body := as.Do(t, "GET", "/api/search?q="+url.QueryEscape(q), nil)
				answers[name+" "+q] = fmt.Sprintf("%d %s", status, body)
			}
		}
		return answers
	}
	before := all()
	for what, answer := range before {
		if strings.Contains(answer, w.clean) || strings.Contains(answer, w.foreign) || strings.Contains(answer, w.between) {
			t.Errorf("%s finds %s", what, answer)
		}
	}
	w.keeps(t, "kept for merlin", 3)
	for range 2 {
		for what, answer := range all() {
			if answer != before[what] {
				t.Errorf("%s finds\n%s\nand found\n%s", what, answer, before[what])
			}
		}
		w.indexed(t)
	}
	// Who may read it finds it.
	var found struct{ Hits []struct{ Topic string } }
	w.carl.Must(t, "GET", "/api/search?q=falcon", nil, &found, 200)
	if len(found.Hits) != 6 { // in the clean team, and with dora
		t.Errorf("carl finds %+v", found)
	}
	w.anna.Must(t, "GET", "/api/search?q=falcon", nil, &found, 200)
	for _, h := range found.Hits {
		if h.Topic == w.between {
			t.Error("an admin finds what two others have said to each other")
		}
	}
	if len(found.Hits) != 6 { // in the clean team, and in the other deal
		t.Errorf("anna finds %+v", found)
	}
}

// TestWallOfSearchInTime compares how long it takes to look for a word that is said
// behind walls only, thousands of times, and for one that nobody says. The wall may be
// the message from which on somebody reads a topic.
func TestWallOfSearchInTime(t *testing.T) {
	if !*timing {
		t.Skip("it takes minutes and a machine that does nothing else: add -timing")
	}
	const pairs, said = 5_000, 3_000
	w := newWalls(t)
	w.keeps(t, "kept for falcon and its partners", said)
	later := w.Join(t, w.anna, "later", "member", w.deal)
	w.anna.Must(t, "PUT", "/api/topics/"+w.clean+"/members/later", nil, nil, 204)
	var clean struct{ Head int64 }
	w.anna.Must(t, "GET", "/api/topics/"+w.clean, nil, &clean, 200)
	w.anna.Must(t, "PATCH", "/api/topics/"+w.clean+"/members/later", map[string]any{"from": clean.Head + 1}, nil, 204)
	w.keeps(t, "sent to everybody", 20)
	w.indexed(t)
	for name, as := range map[string]*servertest.API{"bert": w.bert, "olga": w.olga, "later": later} {
		client := w.SignIn(t, as.Name).HTTP
		for hidden, other := range map[string]string{"q=falcon": "q=fumble", "q=fa": "q=fu", "q=from:otto": "q=from:nobo", "q=%22kept+for+falcon%22": "q=%22sent+for+fumble%22"} {
			compareTimes(t, hidden+" by "+name, pairs, func(isHidden bool) time.Duration {
				q := other
				if isHidden {
					q = hidden
				}
				r, err := http.NewRequestWithContext(t.Context(), "GET", w.Plain+"/api/search?"+q, nil)
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				a, err := client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				_, err = io.Copy(io.Discard, a.Body)
				took := time.Since(began)
				a.Body.Close()
				if err != nil || a.StatusCode != 200 {
					t.Fatalf("%s: %s, %v", q, a.Status, err)
				}
				return took
			})
		}
	}
}
