package server_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// losesWords waits until nothing that the browser keeps has these words in it.
func losesWords(p *servertest.Page, words ...string) {
	p.Until(fmt.Sprintf("%q to be kept no longer", words), func() bool {
		kept := p.Kept()
		for _, w := range words {
			if strings.Contains(kept, w) {
				return false
			}
		}
		return true
	})
}

// keepsWords waits until it has.
func keepsWords(p *servertest.Page, words ...string) {
	p.Until(fmt.Sprintf("%q to be kept", words), func() bool {
		kept := p.Kept()
		for _, w := range words {
			if !strings.Contains(kept, w) {
				return false
			}
		}
		return true
	})
}

// watchFor has the page note each time that a word stands in it; seen tells
// how often.
func watchFor(p *servertest.Page, word string) (seen func() int) {
	quoted, _ := json.Marshal(word) // a string always can be
	p.OnNewDocument(fmt.Sprintf(`globalThis.seen = 0; new MutationObserver(() => {
		if (document.documentElement.textContent.includes(%s)) seen++;
	}).observe(document, { subtree: true, childList: true, characterData: true });`, quoted))
	return func() int { return servertest.Evaluate[int](p, "seen") }
}

const asOf = "Not connected. This is what was here on "

// keptRoom is a page of bert's, who has read two topics and left; and the server,
// as anna left it.
func keptRoom(t *testing.T) (p *servertest.Page, r *outboxRoom, bert *servertest.API, other string) {
	t.Helper()
	p = servertest.OpenPage(t)
	r = newOutboxRoom(t)
	other = r.anna.Topic(t, r.deal, "Einlagen", 2)
	bert = r.Join(t, r.anna, "bert", "member", r.deal)
	post := poster(t, r.Room, r.anna)
	post(r.topic, "Zwölftausend fünfhundert", "sind noch offen")
	post(other, "Siebzigtausend")
	p.Be(bert)
	p.Open(r.address())
	connected(p)
	shows(p, "Zwölftausend fünfhundert", "sind noch offen")
	openTopic(p, "Einlagen")
	shows(p, "Siebzigtausend")
	openTopic(p, "Nothing is lost")
	p.AwaitWorker()
	keepsWords(p, "Zwölftausend fünfhundert", "sind noch offen", "Siebzigtausend")
	return p, r, bert, other
}

func TestPageCanBeReadWithoutAServerMarkedAsOfWhen(t *testing.T) {
	t.Parallel()
	p, r, _, other := keptRoom(t)
	r.Kill()
	p.Reload()
	shows(p, "Zwölftausend fünfhundert", "sind noch offen")
	p.UntilText("status", "Connection", "Offline")
	p.Until("the mark", func() bool { return len(p.Mentions(asOf)) > 0 })
	openTopic(p, "Einlagen")
	shows(p, "Siebzigtausend")
	p.Until("the mark", func() bool { return len(p.Mentions(asOf)) > 0 })

	// With the server comes what was said meanwhile, and the mark goes.
	r.again(t)
	r.anna = r.SignIn(t, r.anna.Name)
	poster(t, r.Room, r.anna)(other, "und achtzig")
	began := time.Now()
	shows(p, "Siebzigtausend", "und achtzig")
	t.Logf("from there to complete: %v", time.Since(began).Round(time.Millisecond))
	connected(p)
	p.Until("no mark", func() bool { return len(p.Mentions(asOf)) == 0 })
	p.Until("the chain to be checked", func() bool { return len(p.Mentions("Checked to 2")) > 0 })
}

func TestPageWithoutAServerSaysOfATopicThatItIsNotKept(t *testing.T) {
	t.Parallel()
	p, r, _, _ := keptRoom(t)
	never := r.anna.Topic(t, r.deal, "Nie geöffnet", 3)
	p.Find("link", "3 Nie geöffnet")
	keepsWords(p, "Nie geöffnet")
	r.Kill()
	p.Open(r.Plain + "/t/" + never)
	p.Find("heading", "Not here without a connection")
	say(p, "Für später")
	p.Until("what was written there", func() bool {
		all := p.Messages()
		return len(all) == 1 && all[0].Waiting && all[0].Text == "Für später"
	})
	r.again(t)
	shows(p, "Für später")
	p.Gone("heading", "Not here without a connection")
}

func TestPageForgetsAtSignOut(t *testing.T) {
	t.Parallel()
	p, r, bert, _ := keptRoom(t)
	p.Type("textbox", "Message", "Mein Entwurf")
	keepsWords(p, "Mein Entwurf")
	p.Click("button", "Sign out")
	p.Find("textbox", "Password")
	losesWords(p, "Mein Entwurf", "Zwölftausend", "noch offen", "Siebzigtausend", "Einlagen", "GeldGeldGeld", "bert")
	if status, _ := bert.Do(t, "GET", "/api/session", nil); status != 401 {
		t.Errorf("at the server, GET /api/session is %d", status)
	}
	r.Kill()
	p.Open(r.address())
	p.Find("button", "Try again") // there is nothing to be shown
}

func TestPageForgetsAtSignOutWithoutAServerAndTellsItLater(t *testing.T) {
	t.Parallel()
	p, r, bert, _ := keptRoom(t)
	elsewhere := p.Tab()
	elsewhere.Open(r.address())
	connected(elsewhere)
	r.Kill()
	p.UntilText("status", "Connection", "Offline")
	say(p, "Noch nicht gesendet")
	p.Click("button", "Sign out")
	p.Click("button", "Discard and sign out")
	p.Find("textbox", "Password")
	if len(p.Mentions("The server couldn’t be reached")) == 0 {
		t.Errorf("the page doesn't say how it stands:\n%s", p.Outline())
	}
	elsewhere.Find("textbox", "Password")
	losesWords(p, "Zwölftausend", "noch offen", "Siebzigtausend", "Einlagen", "GeldGeldGeld", "bert", "gesendet")
	seen := watchFor(p, "Zwölftausend")
	r.again(t)
	p.Open(r.address())
	p.Find("textbox", "Password")
	p.Until("the server to know", func() bool { status, _ := bert.Do(t, "GET", "/api/session", nil); return status == 401 })
	if seen() > 0 {
		t.Error("the room was shown")
	}
}

func TestPageForgetsWhatASignInThatEndedMeanwhileHadRead(t *testing.T) {
	t.Parallel()
	p, r, bert, _ := keptRoom(t)
	p.Open("about:blank")
	bert.Must(t, "DELETE", "/api/session", nil, nil, 204) // the one of this browser
	seen := watchFor(p, "Zwölftausend")
	p.Open(r.address())
	p.Find("textbox", "Password")
	losesWords(p, "Zwölftausend", "noch offen", "Siebzigtausend", "Einlagen", "GeldGeldGeld")
	if seen() > 0 {
		t.Error("the room was shown")
	}
}

func TestPageForgetsATopicThatIsNoLongerOnesOwn(t *testing.T) {
	t.Parallel()
	p, r, bert, _ := keptRoom(t)
	p.Open("about:blank")
	r.anna.Must(t, "DELETE", "/api/deals/"+r.deal+"/members/"+bert.Name, nil, nil, 204)
	seen := watchFor(p, "Zwölftausend")
	p.Open(r.address())
	p.Find("heading", "This topic isn’t here")
	losesWords(p, "Zwölftausend", "noch offen", "Siebzigtausend", "Einlagen", "GeldGeldGeld")
	if seen() > 0 {
		t.Error("its words were shown")
	}
}

func TestPageForgetsWordsThatWereRedactedMeanwhile(t *testing.T) {
	t.Parallel()
	p, r, _, other := keptRoom(t)
	p.Open("about:blank")
	for topic, seq := range map[string]int64{r.topic: 1, other: 1} {
		sender(t, r.Room, r.anna)(topic, client.Post{Kind: room.Redact, Ref: seq})
	}
	seen := watchFor(p, "Zwölftausend")
	p.Open(r.address())
	connected(p)
	p.Until("the redaction to be shown", func() bool {
		all := p.Messages()
		return len(all) == 2 && strings.HasPrefix(all[0].Text, "Redacted by anna")
	})
	// In the topic that nobody looks at, too.
	losesWords(p, "Zwölftausend", "Siebzigtausend")
	if seen() > 0 {
		t.Error("its words were shown")
	}
	keepsWords(p, "noch offen")
}

func TestPageShowsAnotherPersonNothingThatWasKept(t *testing.T) {
	t.Parallel()
	p, r, bert, _ := keptRoom(t)
	p.Type("textbox", "Message", "Mein Entwurf")
	keepsWords(p, "Mein Entwurf")
	p.Open("about:blank")
	bert.Must(t, "DELETE", "/api/session", nil, nil, 204)
	second := r.anna.Deal(t, "Kohle AG", "all")
	carla := r.Join(t, r.anna, "carla", "member", second)
	seen := watchFor(p, "Zwölftausend")
	p.Be(carla)
	p.Open(r.Plain + "/")
	connected(p)
	losesWords(p, "Mein Entwurf", "Zwölftausend", "noch offen", "Siebzigtausend", "Einlagen", "GeldGeldGeld", "bert")
	if seen() > 0 {
		t.Error("bert's room was shown")
	}
}
