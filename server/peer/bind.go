package peer

import (
	"context"
	"errors"
	"strconv"
	"time"

	"redroom/server/client"
)

const (
	bindAgain    = 10 * time.Minute // how long the server's time that came with a BIND is counted on
	bindPause    = 10 * time.Second // after a BIND that failed, doubled with each
	bindMaxPause = 5 * time.Minute
)

// Rebind says that there is a new session with the directory, which knows
// nothing of the peer yet.
func (p *Peer) Rebind() {
	select {
	case p.rebind <- struct{}{}:
	default:
	}
}

// bind has the peer listed, with each new session and, lest the two clocks drift
// apart, from time to time.
func (p *Peer) bind(ctx context.Context) {
	listed, failures := false, 0
	for {
		bound, err := p.config.Directory.Bind(ctx, p.config.Address, p.Port(), p.fingerprint)
		if ctx.Err() != nil {
			return
		}
		wait := bindAgain
		switch {
		case err == nil:
			p.tickets.trust(bound)
			if !listed {
				p.config.Log.Info("listed in the directory", "name", p.config.Name, "port", p.Port())
			}
			listed, failures = true, 0
		default:
			if failures == 0 { // it is said once
				p.config.Log.Warn("the directory does not list this peer; it is tried again", "port", p.Port(), "error", err)
			}
			wait = bindWait(err, failures)
			listed = false
			failures++
		}
		timer := time.NewTimer(wait)
		select {
		case <-p.rebind:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// bindWait is how long it is until the next BIND, after so many failures before
// this one: as long as the directory says, if it does.
func bindWait(err error, failures int) time.Duration {
	var refusal *client.Refused
	if errors.As(err, &refusal) {
		if seconds, bad := strconv.Atoi(refusal.Detail); bad == nil && seconds > 0 {
			return min(time.Duration(min(seconds, 3600))*time.Second, bindMaxPause)
		}
	}
	return min(bindPause<<min(failures, 10), bindMaxPause)
}

// leave takes the peer out of the directory, if that takes no longer than a
// farewell may. It is the last thing that the directory is told.
func (p *Peer) leave(ctx context.Context) {
	if p.config.DialOnly {
		return
	}
	p.binding.Wait()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewellTime)
	defer cancel()
	if err := p.config.Directory.Leave(ctx); err != nil {
		p.config.Log.Debug("the directory was not told", "error", err) // it sees for itself
	}
}
