package main_test

import (
	"os"
	"testing"

	"redroom/server/servertest"
)

// TestContainerFromOutside follows the setup link of a server that nobody has
// set up yet, and that isn't the test's own: one in a container, or behind
// whatever else might let the page through and WebTransport not.
func TestContainerFromOutside(t *testing.T) {
	link := os.Getenv("REDROOM_CONTAINER")
	if link == "" {
		t.Skip("it needs a server in a container: .ci/container builds and starts one; for another, set REDROOM_CONTAINER to its setup link")
	}
	p := servertest.OpenPage(t)
	p.Open(link)
	p.Type("textbox", "User name", "anna")
	p.Type("textbox", "Password", servertest.Password)
	p.Click("button", "Create account")
	p.UntilText("status", "Connection", "WebTransport")

	p.Click("button", "New deal")
	p.Find("dialog", "New deal")
	p.Type("textbox", "Name", "GeldGeldGeld AG")
	p.Click("button", "Create")
	p.Gone("dialog", "New deal")
	p.Click("button", "New topic")
	p.Find("dialog", "New topic")
	p.Type("textbox", "Title", "Due Diligence")
	p.Type("textbox", "Number", "1")
	p.Click("button", "Create")
	p.Gone("dialog", "New topic")
	p.Click("link", "…Due Diligence…")
	p.Find("heading", "Due Diligence")
	p.Type("textbox", "Message", "Guten Tag")
	p.Click("button", "Send")
	p.Until("the message, acknowledged", func() bool {
		messages := p.Messages()
		return len(messages) == 1 && messages[0].Seq == 1 && messages[0].Text == "Guten Tag" && !messages[0].Waiting
	})
}
