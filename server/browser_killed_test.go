package server_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"redroom/server/servertest"
)

func TestPageReconnectsAfterTheServerWasKilled(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	data := t.TempDir()
	process := servertest.StartProcess(t, data, nil)
	anna := process.Admin(t)
	deal := anna.Deal(t, "GeldGeldGeld AG", "all")
	topic := anna.Topic(t, deal, "Nothing is lost", 1)
	bert := process.Join(t, anna, "bert", "member", deal)
	signIn(p, process.Plain+"/t/"+topic, anna.Name, servertest.Password)
	connected(p)
	p.Click("textbox", "Message")
	const born = "performance.timeOrigin"
	document := servertest.Evaluate[float64](p, born)

	// Somebody writes, and goes on writing when the server is killed.
	var written []string
	write := func() {
		text := fmt.Sprintf("Nachricht %d", len(written)+1)
		p.Insert(text)
		p.Press(kb.Enter)
		written = append(written, text)
	}
	for range 30 {
		write()
	}
	process.Cmd.Process.Kill()
	for range 10 {
		write()
	}
	killed := process
	killed.Kill() // waits until it is gone
	began := time.Now()
	p.UntilText("status", "Connection", "Offline")
	t.Logf("from the kill to the page's Offline: %v", time.Since(began).Round(time.Millisecond))
	write()

	// What is on its way says so, and stands below what has arrived.
	var before []servertest.Message
	p.Until("all that was written", func() bool { before = p.Messages(); return len(before) == len(written) })
	solid := 0
	for solid < len(before) && !before[solid].Waiting {
		solid++
	}
	for i, m := range before {
		if m.Text != written[i] || m.Waiting != (i >= solid) || m.Waiting != (m.Seq == 0) || m.Trouble != "" {
			t.Errorf("offline, message %d of %d solid ones is shown as %+v, want %q", i+1, solid, m, written[i])
		}
	}
	if solid == len(before) {
		t.Error("nothing is shown as waiting while the server is down")
	}
	t.Logf("%d of %d messages were acknowledged before", solid, len(written))

	p.Find("button", "Try now") // once the loss has lasted

	// Elsewhere it runs again, and somebody writes there.
	process = servertest.StartProcess(t, data, nil)
	meanwhile := []string{"Auch das noch", "und das"}
	poster(t, process.Room, process.SignIn(t, bert.Name))(topic, meanwhile...)
	if status := process.Stop(t); status != 0 {
		t.Errorf("the server ended with status %d", status)
	}

	// It comes back at the same place, and so does the page, by itself.
	process = killed.Again(t)
	began = time.Now()
	var all []string // what was on its way to the server may have been in time, or not
	after := solidMessages(p, len(written)+len(meanwhile))
	t.Logf("from the server's return to a page with all its messages: %v", time.Since(began).Round(time.Millisecond))
	for _, m := range after {
		all = append(all, m.Text)
	}
	if at := slices.Index(all, meanwhile[0]); at < solid {
		t.Errorf("what came later stands before what was acknowledged: at %d of %q", at, all)
	} else if got := slices.Delete(slices.Clone(all), at, at+len(meanwhile)); !slices.Equal(got, written) || all[at+1] != meanwhile[1] {
		t.Errorf("the page shows %q, want %q once and in order, and %q among them", all, written, meanwhile)
	}
	connected(p)
	p.Gone("button", "Try now")
	for i, m := range after {
		if m.Seq != int64(i+1) {
			t.Errorf("message %d has the seq %d", i+1, m.Seq)
		}
	}
	if servertest.Evaluate[float64](p, born) != document {
		t.Error("the page was loaded again")
	}
	var log struct {
		Messages []struct {
			Seq  int64
			Body string
		}
	}
	anna = process.SignIn(t, anna.Name)
	anna.Must(t, "GET", "/api/topics/"+topic+"/messages?after=0&limit=1000", nil, &log, 200)
	if len(log.Messages) != len(all) {
		t.Fatalf("the server has %d messages, want %d", len(log.Messages), len(all))
	}
	for i, m := range log.Messages {
		if m.Body != all[i] {
			t.Errorf("the server has %q as message %d, and the page %q", m.Body, m.Seq, all[i])
		}
	}
}
