package servertest

import (
	"container/heap"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Path is how packets fare between a client and the server, in either
// direction. The zero Path loses nothing and takes no time.
type Path struct {
	Delay     time.Duration // of every packet
	Jitter    time.Duration // at most so much more, by chance: packets overtake each other
	Loss      float64       // 0 to 1: of so many packets nothing arrives
	Duplicate float64       // 0 to 1: so many arrive twice
	Rate      int           // octets a second; 0: any
}

// backlog is how long a packet waits for its turn on a path with a rate; what
// would have to wait longer is lost, as in a router whose buffer is full.
const backlog = 200 * time.Millisecond

// UDPProxy carries the packets of a room's UDP port over a bad path, on a
// machine whose own network is good. It ends with the test.
type UDPProxy struct {
	Addr string // where it listens

	t      testing.TB
	server *net.UDPAddr
	front  *net.UDPConn
	ctx    context.Context
	owned  sync.WaitGroup // every goroutine

	mu     sync.Mutex // of what follows
	path   Path
	chance *rand.Rand
	flows  map[string]*flow // by the client's address
}

// flow is what one client sends and gets.
type flow struct {
	back     *net.UDPConn // to the server
	up, down chan []byte
}

// Behind is the room as it is seen through a UDP proxy, over a path.
func (r *Room) Behind(t testing.TB, path Path) (*Room, *UDPProxy) {
	t.Helper()
	rrp, err := url.Parse(r.Rrp)
	if err != nil {
		t.Fatal(err)
	}
	server, err := net.ResolveUDPAddr("udp4", rrp.Host)
	if err != nil {
		t.Fatal(err)
	}
	front, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &UDPProxy{Addr: front.LocalAddr().String(), t: t, server: server, front: front, ctx: ctx, path: path, chance: Rand(t), flows: make(map[string]*flow)}
	t.Cleanup(func() {
		cancel()
		front.Close()
		p.mu.Lock()
		for _, f := range p.flows {
			f.back.Close()
		}
		p.mu.Unlock()
		p.owned.Wait()
	})
	p.owned.Go(p.receive)
	seen := *r
	rrp.Host = p.Addr
	seen.Rrp = rrp.String()
	return &seen, p
}

// Change makes the path another one from now on.
func (p *UDPProxy) Change(path Path) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.path = path
}

// receive takes what clients send.
func (p *UDPProxy) receive() {
	for {
		packet := make([]byte, 2048)
		n, from, err := p.front.ReadFromUDP(packet)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error for what was sent before
		}
		if f := p.flow(from); f != nil {
			p.pass(f.up, packet[:n])
		}
	}
}

// flow is that of a client; it is nil once all is over.
func (p *UDPProxy) flow(client *net.UDPAddr) *flow {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, ok := p.flows[client.String()]
	if ok || p.ctx.Err() != nil {
		return f
	}
	back, err := net.DialUDP("udp4", nil, p.server)
	if err != nil {
		p.t.Errorf("reaching the server: %v", err)
		return nil
	}
	f = &flow{back: back, up: make(chan []byte, 1024), down: make(chan []byte, 1024)}
	p.flows[client.String()] = f
	p.owned.Go(func() { p.carry(f.up, func(packet []byte) { back.Write(packet) }) })
	p.owned.Go(func() { p.carry(f.down, func(packet []byte) { p.front.WriteToUDP(packet, client) }) })
	p.owned.Go(func() { p.answer(f) })
	return f
}

// answer takes what the server sends to one client.
func (p *UDPProxy) answer(f *flow) {
	for {
		packet := make([]byte, 2048)
		n, err := f.back.Read(packet)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // the server may be away for now
		}
		p.pass(f.down, packet[:n])
	}
}

// pass hands a packet over, or loses it where too many are on their way.
func (p *UDPProxy) pass(to chan<- []byte, packet []byte) {
	select {
	case to <- packet:
	default:
	}
}

// carry brings packets in one direction, each when it is due.
func (p *UDPProxy) carry(in <-chan []byte, send func([]byte)) {
	var underway parcels
	var free time.Time // when the path has room for the next
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-p.ctx.Done():
			return
		case packet := <-in:
			for range p.copies(len(packet), &free) {
				heap.Push(&underway, parcel{p.due(free), packet})
			}
		case <-timer.C:
		}
		for len(underway) > 0 && !underway[0].due.After(time.Now()) {
			send(heap.Pop(&underway).(parcel).packet)
		}
		if len(underway) > 0 {
			timer.Reset(time.Until(underway[0].due))
		}
	}
}

// copies is how often a packet arrives. It takes its place on the path, which is
// free for the next one then.
func (p *UDPProxy) copies(octets int, free *time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); free.Before(now) {
		*free = now
	}
	if p.path.Rate > 0 {
		if time.Until(*free) > backlog {
			return 0
		}
		*free = free.Add(time.Second * time.Duration(octets) / time.Duration(p.path.Rate))
	}
	switch chance := p.chance.Float64(); {
	case chance < p.path.Loss:
		return 0
	case chance < p.path.Loss+p.path.Duplicate:
		return 2
	}
	return 1
}

// due is when a packet arrives that left at this time.
func (p *UDPProxy) due(left time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := left.Add(p.path.Delay)
	if p.path.Jitter > 0 {
		at = at.Add(time.Duration(p.chance.Int64N(int64(p.path.Jitter))))
	}
	return at
}

// parcels are packets underway, the one that is due first at the front.
type parcels []parcel

type parcel struct {
	due    time.Time
	packet []byte
}

func (p parcels) Len() int           { return len(p) }
func (p parcels) Less(i, j int) bool { return p[i].due.Before(p[j].due) }
func (p parcels) Swap(i, j int)      { p[i], p[j] = p[j], p[i] }
func (p *parcels) Push(one any)      { *p = append(*p, one.(parcel)) }
func (p *parcels) Pop() any {
	last := (*p)[len(*p)-1]
	*p = (*p)[:len(*p)-1]
	return last
}
