package discover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/ipv4"
)

// The groups that are asked.
var (
	group4    = &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353}
	group6    = &net.UDPAddr{IP: net.ParseIP("ff02::fb"), Port: 5353}
	groupSSDP = &net.UDPAddr{IP: net.IPv4(239, 255, 255, 250), Port: 1900}
)

// What is taken of answers, whoever sends them.
const (
	maxServers   = 64
	maxPackets   = 1024 // on an interface and family
	maxPacket    = 9000 // octets (RFC 6762 section 17)
	askEvery     = 500 * time.Millisecond
	packetsAhead = 16
)

// Find asks on every interface, again and again, until ctx ends, and gives those
// that have answered, by name; whole tells whether that is all who did. It fails if
// it could ask nowhere.
//
// The libraries that answer in Announce could ask, too, but keep what comes without
// a limit; here a socket asks both ways and reads so many packets, and no more.
func Find(ctx context.Context) (all []Server, whole bool, err error) {
	where, err := interfaces()
	if err != nil {
		return nil, false, err
	}
	var asking []*asker
	var failed error
	for _, i := range where {
		for _, open := range []func(on) (*asker, error){openAsker4, openAsker6} {
			a, err := open(i)
			switch {
			case err != nil:
				failed = errors.Join(failed, fmt.Errorf("asking on %s: %w", i.Name, err))
			case a != nil:
				asking = append(asking, a)
			}
		}
	}
	if len(asking) == 0 {
		return nil, false, errors.Join(errors.New("there is no network here on which servers could be found"), failed)
	}
	found := make(chan Server, packetsAhead)
	var running sync.WaitGroup
	var unread atomic.Bool
	for _, a := range asking {
		running.Go(func() {
			if !a.read(found) {
				unread.Store(true)
			}
		})
		running.Go(func() { a.ask(ctx) })
	}
	go func() { // it ends with those that it waits for, before Find does
		running.Wait()
		close(found)
	}()
	whole = true
	for s := range found {
		var fits bool
		all, fits = merge(all, s)
		whole = whole && fits
	}
	slices.SortFunc(all, order)
	return all, whole && !unread.Load(), nil
}

// asker asks on an interface by a family of IP.
type asker struct {
	conn      *net.UDPConn
	questions []question
}

type question struct {
	to     *net.UDPAddr
	octets []byte
}

func openAsker4(i on) (*asker, error) {
	if !i.has4() {
		return nil, nil
	}
	conn, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return nil, err
	}
	if err := ipv4.NewPacketConn(conn).SetMulticastInterface(&i.Interface); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &asker{conn, []question{{group4, questionMDNS}, {groupSSDP, questionSSDP}}}, nil
}

func openAsker6(i on) (*asker, error) {
	if !i.has6() {
		return nil, nil
	}
	conn, err := net.ListenUDP("udp6", nil)
	if err != nil {
		return nil, err
	}
	to := *group6
	to.Zone = i.Name
	return &asker{conn, []question{{&to, questionMDNS}}}, nil
}

// ask asks until ctx ends, then ends reading.
func (a *asker) ask(ctx context.Context) {
	defer a.conn.Close()
	ticker := time.NewTicker(askEvery)
	defer ticker.Stop()
	for {
		for _, q := range a.questions {
			a.conn.WriteTo(q.octets, q.to) // it is asked again, and elsewhere
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// read reads answers until ask has ended, or more have come than are read.
func (a *asker) read(found chan<- Server) (whole bool) {
	packet := make([]byte, maxPacket)
	for range maxPackets {
		n, err := a.conn.Read(packet)
		if errors.Is(err, net.ErrClosed) {
			return true
		}
		if err != nil {
			continue // a machine that has refused to be asked
		}
		for _, s := range answers(packet[:n]) {
			found <- s
		}
	}
	return false
}

// answers are the servers that a packet tells of.
func answers(packet []byte) (all []Server) {
	claimed, way := answersMDNS, MDNS
	if bytes.HasPrefix(packet, []byte("HTTP/")) {
		claimed, way = answerSSDP, SSDP
	}
	for _, s := range claimed(packet) {
		s.Ways = []string{way}
		if s.check() == nil {
			s.Addresses = s.Addresses[:min(len(s.Addresses), maxAddresses)]
			all = append(all, s)
		}
	}
	return all
}
