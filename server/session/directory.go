package session

import (
	"cmp"
	"context"
	"encoding/base64"
	"time"

	"redroom/server/room"
	"redroom/server/wire"
)

// introducedWithin is how long TICKET waits for the journal, and with it whatever
// follows on the control channel.
const introducedWithin = 10 * time.Second

// bind handles BIND 0 address port fingerprint, whose answer waits for nothing but
// what it is about.
func (k *control) bind(h *wire.Header) bool {
	k.s.use()
	look, err := k.entry.Bind(k.s.ctx, k.s.conn.Remote().Addr(), h.String(0), h.String(1), h.String(2))
	if err != nil {
		return k.reply(directoryRefused(err, h.Type))
	}
	k.s.running.Go(func() {
		key, now, err := look()
		if err != nil {
			k.reply(directoryRefused(err, wire.TypeBind))
			return
		}
		k.reply(ackFrame(wire.TypeBind, base64.RawURLEncoding.EncodeToString(key), number(now.UnixMilli())))
	})
	return true
}

// query handles QUERY 0 [name]. The answer is made when it can be written, so that
// one at a time takes memory, and is of what its user may know then.
func (k *control) query(h *wire.Header) bool {
	name := h.String(0)
	k.s.use()
	if name == "" && k.s.spend(k.s.ctx, room.QueryWeight, 0, patience) != nil || !k.place() {
		return false
	}
	k.answers <- answer{after: func() error {
		return k.sayAnew(func() []byte {
			return wire.AppendFrame(nil, wire.TypeResult, k.s.server.Directory.Query(k.s.actor(), name), "200", wire.TypeQuery)
		})
	}}
	return true
}

// sayAnew writes what is true when its first octet goes out: it is made anew for
// as long as rights change before that.
func (k *control) sayAnew(what func() []byte) error {
	k.telling.Store(true)
	defer k.telling.Store(false)
	for k.s.ctx.Err() == nil {
		octets := what()
		k.beginWrite()
		n, err := k.stream.Write(octets)
		switch {
		case err == nil || !k.resumes(err):
			return err
		case n > 0:
			return k.send(octets[n:])
		}
	}
	return errEnded
}

// leaveDirectory handles LEAVE 0.
func (k *control) leaveDirectory(h *wire.Header) bool {
	k.entry.Leave()
	return k.reply(ackFrame(h.Type))
}

// ticket handles TICKET 0 name key. That somebody is introduced to somebody goes
// through the journal, which decides in one order who is a member and who isn't.
func (k *control) ticket(h *wire.Header) bool {
	to := h.String(0)
	key, ok := room.ParseHash(h.String(1))
	if !ok {
		return k.reply(errFrame(room.Refuse(room.ErrUnprocessable, "TICKET 0 name key: the key is a SHA-256, 64 lower-case hex digits."), h.Type))
	}
	k.s.use()
	ticket, err := k.entry.Ticket(to, key, func() error {
		ctx, cancel := context.WithTimeout(k.s.ctx, introducedWithin)
		defer cancel()
		ev := room.PeerIntroduced{Stamp: k.s.stamp(), To: to}
		ev.Address = address(k.s.conn.Remote())
		o, err := k.s.server.Journal.Append(ctx, ev)
		return cmp.Or(err, o.Err)
	})
	if err != nil {
		if isDenied(err) {
			k.s.tellDenied(h.Type, "", err)
		}
		return k.reply(directoryRefused(err, h.Type))
	}
	return k.reply(wire.AppendFrame(nil, wire.TypeResult, []byte(ticket), "200", h.Type))
}

// directoryRefused is the ERR for what the directory has not done.
func directoryRefused(err error, ref string) []byte {
	refusal := room.AsError(err)
	if refusal.Retry {
		return errFrame(refusal, ref, number(secondsOf(err)))
	}
	return errFrame(refusal, ref)
}
