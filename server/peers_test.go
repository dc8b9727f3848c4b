package server_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"redroom/server/client"
	"redroom/server/peer"
	"redroom/server/servertest"
)

// TestAClockAnHourOffDoesNoHarm has two peers talk whose clock goes an hour before
// the server's, or behind it.
func TestAClockAnHourOffDoesNoHarm(t *testing.T) {
	for name, off := range map[string]time.Duration{"the server is ahead": time.Hour, "the server is behind": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := servertest.Config(t)
			c.Clock = func() time.Time { return time.Now().Add(off) }
			r, _ := servertest.StartWith(t, c)
			anna := r.Admin(t)
			bert := r.Join(t, anna, "bert", "member", anna.Deal(t, "Alpha", "all"))
			heard := make(chan peer.Message, 1)
			from, to := runPeer(t, r, anna, nil), runPeer(t, r, bert, heard)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			for { // until bert is listed, and both have heard the server's time
				err := from.Send(ctx, "bert", "one o'clock")
				if err == nil {
					break
				}
				if !errors.Is(err, peer.ErrNotListed) {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Millisecond)
			}
			if m := <-heard; m.From != "anna" || m.Text != "one o'clock" {
				t.Errorf("bert has heard %q of %s", m.Text, m.From)
			}
			if err := to.Send(ctx, "anna", "two"); err != nil {
				t.Error(err)
			}
		})
	}
}

// runPeer runs somebody's peer until the test ends.
func runPeer(t *testing.T, r *servertest.Room, as *servertest.API, heard chan<- peer.Message) *peer.Peer {
	t.Helper()
	c := client.Connect(r.ClientConfig(t, as))
	t.Cleanup(c.Close)
	p, err := peer.Listen(t.Context(), peer.Config{Name: as.Name, Directory: c, OnMessage: func(m peer.Message) error {
		if heard != nil {
			heard <- m
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error)
	go func() { ran <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ran; err != nil {
			t.Errorf("%s: %v", as.Name, err)
		}
	})
	return p
}
