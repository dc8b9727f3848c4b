package peer

import (
	"slices"

	"redroom/server/transport"
)

// How many connections there are at most.
const (
	maxStrangers        = 64 // whose HELLO has not come
	maxStrangersNetwork = 16 // of these, those of one transport.Network
	maxNamed            = 256
	maxOfName           = 4
)

// conns are the connections that are open. The Peer's mutex is theirs.
type conns struct {
	strangers []*conn            // the oldest first
	named     map[string][]*conn // the oldest first
	count     int                // of the named
}

func newConns() conns { return conns{named: make(map[string][]*conn)} }

func (cs *conns) all() []*conn {
	all := slices.Clone(cs.strangers)
	for _, of := range cs.named {
		all = append(all, of...)
	}
	return all
}

// newest is the connection on which somebody is talked to; nil: there is none.
func (cs *conns) newest(name string) *conn {
	of := cs.named[name]
	for _, c := range slices.Backward(of) {
		if c.ctx.Err() == nil {
			return c
		}
	}
	return nil
}

var errRoom = &ending{code: 503, sentence: "Others have come since.", why: ErrLost}

// enter takes a connection on which nobody has said yet who is there. If there
// are too many of those, the oldest has to go.
func (p *Peer) enter(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over.Err() != nil {
		return false
	}
	network := transport.Network(c.net.Remote().Addr())
	oldest, same := -1, 0
	for i, other := range p.strangers {
		if transport.Network(other.net.Remote().Addr()) == network {
			if same++; same == 1 {
				oldest = i
			}
		}
	}
	switch {
	case same >= maxStrangersNetwork:
	case len(p.strangers) >= maxStrangers:
		oldest = 0
	default:
		oldest = -1
	}
	if oldest >= 0 {
		p.strangers[oldest].end(errRoom)
		p.strangers = slices.Delete(p.strangers, oldest, oldest+1)
	}
	p.strangers = append(p.strangers, c)
	return true
}

// know notes whose a connection is. It is false where there is no room for it;
// that of the name's oldest one is made.
func (p *Peer) know(c *conn, name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over.Err() != nil {
		return false
	}
	of := p.named[name]
	switch {
	case len(of) >= maxOfName:
		of[0].end(errRoom)
		of = slices.Delete(of, 0, 1)
		p.count--
	case p.count >= maxNamed:
		return false
	}
	p.strangers = slices.DeleteFunc(p.strangers, func(other *conn) bool { return other == c })
	p.named[name] = append(of, c)
	p.count++
	if len(of) == 0 && p.config.OnPeer != nil {
		p.config.OnPeer(name, true)
	}
	return true
}

// forget takes leave of a connection that has ended.
func (p *Peer) forget(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	same := func(other *conn) bool { return other == c }
	p.strangers = slices.DeleteFunc(p.strangers, same)
	before := p.named[c.name]
	after := slices.DeleteFunc(before, same)
	if len(after) == len(before) {
		return
	}
	p.count--
	if p.named[c.name] = after; len(after) == 0 {
		delete(p.named, c.name)
		if p.config.OnPeer != nil {
			p.config.OnPeer(c.name, false)
		}
	}
}
