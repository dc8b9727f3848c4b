package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"redroom/server/client"
	"redroom/server/room"
	"redroom/server/servertest"
)

// What may happen to people with several tabs, a full disk, or a server that
// answers badly: nothing of it loses a word, or shows one to somebody else.

func TestPageSendsWhatWasUnsentWhenItsAuthorSignsInAgainInTheSamePage(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := newOutboxRoom(t)
	bert := r.Join(t, r.anna, "bert", "member", r.deal)
	p.Be(bert)
	p.Open(r.address())
	connected(p)
	r.Kill()
	p.UntilText("status", "Connection", "Offline")
	say(p, "Vor dem Ende")
	keepsPosts(p, 1)
	// Elsewhere bert changes his password, which ends this sign-in.
	const changed = "another " + servertest.Password
	elsewhere := servertest.StartProcess(t, r.Data, nil)
	elsewhere.SignIn(t, "bert").Must(t, "POST", "/api/session/password", map[string]string{"old": servertest.Password, "new": changed}, nil, 204)
	elsewhere.Stop(t)
	r.again(t)
	p.Find("textbox", "Password")
	if len(p.Mentions("One message from here wasn’t sent yet.")) == 0 {
		t.Errorf("the page doesn't say that something waits:\n%s", p.Outline())
	}
	p.Type("textbox", "User name", "bert")
	p.Type("textbox", "Password", changed)
	p.Click("button", "Sign in")
	connected(p)
	shows(p, "Vor dem Ende")
	keepsPosts(p, 0)
}

func TestPageOfAnEarlierSignInEndsNoLaterOne(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := newOutboxRoom(t)
	bert := r.Join(t, r.anna, "bert", "member", r.deal)
	p.Be(bert)
	p.Open(r.address())
	connected(p)
	other := p.Tab()
	other.Open(r.address())
	connected(other)
	other.Type("textbox", "Message", "Angefangen")
	other.Hide()
	other.Freeze()
	p.Front()
	bert.Must(t, "DELETE", "/api/session", nil, nil, 204)
	p.Type("textbox", "User name", "bert")
	p.Type("textbox", "Password", servertest.Password)
	p.Click("button", "Sign in")
	connected(p)
	other.Thaw()
	post := poster(t, r.Room, r.anna)
	for n, text := range []string{"Eins", "Zwei", "Drei"} {
		post(r.topic, text)
		for _, tab := range []*servertest.Page{p, other} {
			tab.Front()
			tab.Until("all that was said", func() bool { return len(tab.Messages()) == n+1 })
		}
		keepsWords(p, text)
	}
	for _, tab := range []*servertest.Page{p, other} {
		connected(tab)
	}
	if text := servertest.Evaluate[string](other, `document.querySelector("textarea").value`); text != "Angefangen" {
		t.Errorf("what was being written is %q", text)
	}
}

func TestPageBecomesThatOfWhoSignsInInAnotherTab(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := newOutboxRoom(t)
	bert := r.Join(t, r.anna, "bert", "member", r.deal)
	carla := r.Join(t, r.anna, "carla", "member", r.deal)
	p.Be(bert)
	p.Open(r.address())
	connected(p)
	p.Be(carla)
	other := p.Tab()
	other.Open(r.address())
	connected(other)
	other.Type("textbox", "Message", "Carla schreibt gerade")
	p.Front()
	poster(t, r.Room, r.anna)(r.topic, "Eins")
	p.Until("the page to be carla's", func() bool {
		who, ok := servertest.Look[string](p, `document.querySelector(".account [title]")?.title ?? ""`)
		return ok && who == "carla"
	})
	shows(p, "Eins")
	shows(other, "Eins")
	keepsWords(other, "Eins", "carla")
	connected(other)
	if text := servertest.Evaluate[string](other, `document.querySelector("textarea").value`); text != "Carla schreibt gerade" {
		t.Errorf("what carla was writing is %q", text)
	}
}

func TestPageAsksBeforeSigningOutDiscardsWhatAnotherTabHasUnsent(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := newOutboxRoom(t)
	r.open(p)
	connected(p)
	other := p.Tab()
	other.Open(r.address())
	connected(other)
	r.Kill()
	other.UntilText("status", "Connection", "Offline")
	say(other, "Im anderen Tab")
	keepsPosts(other, 1)
	p.Front()
	p.UntilText("status", "Connection", "Offline")
	p.Click("button", "Sign out")
	p.Find("button", "Discard and sign out")
	p.Click("button", "Cancel")
	r.again(t)
	shows(other, "Im anderen Tab")
}

func TestPageSendsWhatAFullBrowserKept(t *testing.T) {
	t.Parallel()
	profile := t.TempDir()
	p := servertest.OpenPageIn(t, profile)
	r := newOutboxRoom(t)
	r.openNarrow(p)
	written := r.fill(t, p)
	kept := strings.Count(p.Kept(), `"order":1`)
	if kept == 0 {
		t.Fatal("nothing was kept")
	}
	p.Kill()
	r.again(t)
	p = servertest.OpenPageIn(t, profile)
	r.openNarrow(p)
	p.Until("what was kept to be sent", func() bool { return len(r.bodies(t)) >= kept })
	keepsPosts(p, 0)
	if got := r.bodies(t); !slices.Equal(got, written[:len(got)]) {
		t.Error("it was sent in another order")
	}
}

func TestPageStaysSignedOutWhateverTheServerSaysToIt(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	p := f.enter()
	keeps(p, f.version)
	say(p, "Gekauft")
	solidMessages(p, 1)
	f.with(away)
	p.Click("button", "Sign out")
	p.Find("textbox", "Password")
	seen := watchFor(p, "Gekauft")
	f.with(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodDelete {
			w.Header().Set("Retry-After", "5")
			w.WriteHeader(http.StatusTooManyRequests)
		}
		return r.Method == http.MethodDelete
	})
	p.Open(f.URL + "/t/" + f.topic)
	p.Find("textbox", "Password")
	f.with(nil)
	p.Open(f.URL + "/t/" + f.topic)
	p.Find("textbox", "Password")
	if said := p.Mentions("The server couldn’t be reached"); len(said) > 0 {
		t.Errorf("the page still says %q", said)
	}
	if seen() > 0 {
		t.Error("the room was shown")
	}
}

func TestPageShowsWhatItKeepsWhenTheServerDoesNotAnswer(t *testing.T) {
	f := newFront(t)
	p := f.enter()
	keeps(p, f.version)
	say(p, "Gekauft")
	solidMessages(p, 1)
	keepsWords(p, "Gekauft")
	f.with(func(_ http.ResponseWriter, r *http.Request) bool {
		<-r.Context().Done()
		return true
	})
	p.Open(f.URL + "/t/" + f.topic)
	p.Until("what is kept", func() bool { all := p.Messages(); return len(all) == 1 && all[0].Text == "Gekauft" })
	p.Until("the mark", func() bool { return len(p.Mentions(asOf)) > 0 })
	f.with(nil)
}

// TestPageShowsNothingThatWasKeptBeforeItKnowsWhatIsSo has the page wait for its
// token, when it has long read what it keeps. It is alone, since a page that waits
// for too long shows what it keeps, and says so.
func TestPageShowsNothingThatWasKeptBeforeItKnowsWhatIsSo(t *testing.T) {
	f := newFront(t)
	p := f.enter()
	keeps(p, f.version)
	for _, text := range []string{"Gekauft", "Verkauft"} {
		say(p, text)
	}
	solidMessages(p, 2)
	keepsWords(p, "Gekauft", "Verkauft")
	p.Open("about:blank")
	anna := f.room.SignIn(t, "anna")
	sender(t, f.room, anna)(f.topic, client.Post{Kind: room.Redact, Ref: 1})
	release := make(chan struct{})
	f.with(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/api/session/token" {
			<-release
		}
		return false
	})
	seen := watchFor(p, "Gekauft")
	p.Open(f.URL + "/t/" + f.topic)
	p.Find("navigation", "Topics")
	servertest.Evaluate[bool](p, `new Promise((resolve) => { let frames = 60; const next = () => (frames-- > 0 ? requestAnimationFrame(next) : resolve(true)); next(); })`)
	if seen() > 0 {
		t.Error("words that are redacted by now were shown")
	}
	close(release)
	p.Until("what is so now", func() bool {
		all := p.Messages()
		return len(all) == 2 && strings.HasPrefix(all[0].Text, "Redacted by") && all[1].Text == "Verkauft"
	})
	if seen() > 0 {
		t.Error("words that are redacted by now were shown")
	}
}

func TestPageShowsNothingOfASignInThatHasEndedWithoutAServer(t *testing.T) {
	t.Parallel()
	p, r, bert, _ := keptRoom(t)
	bert.Must(t, "DELETE", "/api/session", nil, nil, 204)
	p.Find("textbox", "Password")
	r.Kill()
	p.Reload()
	p.Find("button", "Try again")
	p.Gone("button", "Sign out")
}

// A browser whose storage never answers can't be had on demand: here it is made
// to.
func TestPageNeedsNoAnswerFromTheBrowsersStorage(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := newOutboxRoom(t)
	p.OnNewDocument(`IDBFactory.prototype.open = () => ({});`)
	p.Open(r.address())
	p.Find("textbox", "Password")
	r.open(p)
	connected(p)
	say(p, "Trotzdem")
	shows(p, "Trotzdem")
	p.Click("button", "Sign out")
	p.Find("textbox", "Password")
}
