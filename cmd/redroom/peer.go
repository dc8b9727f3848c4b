package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"redroom/server/client"
	"redroom/server/peer"
	"redroom/server/room"
	"redroom/server/terminal"
)

// peering is what the flags of peer say.
type peering struct {
	connection
	port    uint16
	address string
	log     string
	once    bool
	listen  bool
	timeout time.Duration
}

func newPeer() *cobra.Command {
	var p peering
	cmd := &cobra.Command{
		Use:   "peer [--once NAME [TEXT]]",
		Short: "Talk to others directly, past the server",
		Long: `Talk to others directly, past the server, which sees nothing of what is said. It
has the server's directory list where one is reached, as long as it runs, and takes
calls there from whoever shares a deal with one; redroom who lists them.

Each line of standard input is a message to whom one has last named, or who was the
first to say something if one has named nobody:
  /msg NAME TEXT  say something to somebody; the next lines go there too
  /who [NAME]     who can be reached directly
  /quit           leave, as Ctrl-C does
What others say is printed with the time and their name; further lines of a message
are indented. At the input's end it leaves when all has arrived, so that answers need
an input that stays open. With --listen it reads no input, and listens until Ctrl-C.

With --once it says TEXT, or what comes on standard input, to NAME, and ends with
status 0 when it has arrived. Nobody can reach one meanwhile.

What was said is kept nowhere, unless with --log: then a message is in that file
before it is acknowledged.`,
		Example: `  redroom peer
  redroom peer --port 4435 --log words.jsonl
  redroom peer --once bert "The offer is at 12."
  redroom peer --once bert < offer.txt`,
		Args: atMost(2, "nothing, or with --once a name and a text"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := p.check(args); err != nil {
				return err
			}
			return p.run(cmd, args)
		},
		ValidArgsFunction: completePeer(&p.connection),
	}
	fl := cmd.Flags()
	p.flags(fl)
	fl.Uint16Var(&p.port, "port", 0, "the UDP `port` at which others reach one, from 1024 on; 0: any that is free")
	fl.StringVar(&p.address, "address", "", "the `address` at which they do, where it isn't that from which the server is reached: serve --bind-from has to allow it")
	fl.StringVar(&p.log, "log", "", "keep what is said in this `file`, a JSON object a line")
	fl.BoolVar(&p.once, "once", false, "say one thing, and leave")
	fl.BoolVar(&p.listen, "listen", false, "read no input, and listen until Ctrl-C")
	fl.DurationVar(&p.timeout, "timeout", 30*time.Second, "how long to wait until something has arrived; 0: for ever")
	return cmd
}

func (p *peering) check(args []string) error {
	switch address, err := netip.ParseAddr(p.address); {
	case !p.once && len(args) > 0:
		return usageError{errors.New("peer takes no arguments but with --once; see redroom peer --help")}
	case p.once && len(args) == 0:
		return usageError{errors.New("--once takes a name, and a text or standard input; see redroom peer --help")}
	case p.once && p.listen:
		return usageError{errors.New("--once says one thing, --listen nothing; give one of them")}
	case p.port != 0 && p.port < 1024:
		return usageError{fmt.Errorf("--port is from 1024 on, not %d", p.port)}
	case p.address != "" && (err != nil || address.Zone() != ""):
		return usageError{fmt.Errorf("--address %q is not an address such as 192.0.2.1 or 2001:db8::1", p.address)}
	case p.timeout < 0:
		return usageError{fmt.Errorf("--timeout is a time such as 30s, not %s", p.timeout)}
	}
	return nil
}

// run opens what there is to open, and says or talks.
func (p *peering) run(cmd *cobra.Command, args []string) (err error) {
	text := ""
	if p.once {
		if text, err = p.text(cmd, args[1:]); err != nil {
			return err
		}
	}
	kept, err := openPeerLog(p.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	r, err := p.enter(cmd.Context(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer r.Close()
	ctx, end := context.WithCancelCause(cmd.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer end(nil)
	t := &talk{kept: kept, timeout: p.timeout, out: cmd.OutOrStdout(), status: cmd.ErrOrStderr(), comings: make(chan coming, waitingComings)}
	running.Go(func() { t.tellComings(ctx) })
	m := &meeting{peering: p, talk: t, end: end, named: make(chan string, 1)}
	m.outage.out = cmd.ErrOrStderr()
	config := r.Config()
	config.OnState = m.state
	m.room = client.Connect(config)
	defer m.room.Close()
	if p.once {
		return m.say(ctx, args[0], text)
	}
	running.Go(func() {
		if watchOutput(ctx, cmd.OutOrStdout()) {
			end(errNobodyReads)
		}
	})
	err = m.converse(ctx)
	switch why := context.Cause(ctx); {
	case err != nil:
		return err
	case why == nil, errors.Is(why, context.Canceled), errors.Is(why, errNobodyReads):
		return nil
	default:
		return why
	}
}

// text is what --once says.
func (p *peering) text(cmd *cobra.Command, args []string) (string, error) {
	var text []byte
	if len(args) > 0 {
		text = []byte(args[0])
	} else {
		if atTerminal() {
			fmt.Fprintln(cmd.ErrOrStderr(), "Type the message; Ctrl-D at a line's beginning sends it.")
		}
		var err error
		if text, err = readInput(cmd.Context(), cmd.InOrStdin(), room.MaxText+len("\r\n")); err != nil {
			return "", fmt.Errorf("reading the message from standard input: %w; nothing was sent", err)
		}
		text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	}
	if err := room.Text.ValidBody(text); err != nil {
		return "", fmt.Errorf("%w Nothing was sent", err)
	}
	return string(text), nil
}

// meeting is a peer that runs.
type meeting struct {
	*peering
	talk   *talk
	outage outage
	room   *client.Client
	end    context.CancelCauseFunc
	named  chan string // who one is, once
	peer   atomic.Pointer[peer.Peer]
}

// state is a client's OnState.
func (m *meeting) state(s client.State) {
	m.outage.note(s)
	switch s.Phase {
	case client.Open:
		select {
		case m.named <- s.User:
		default:
		}
		if p := m.peer.Load(); p != nil {
			p.Rebind()
		}
	case client.Ended:
		m.end(overOf(s.Err))
	}
}

// open opens the port of whoever has signed in, when that is known. close leaves,
// and waits for it.
func (m *meeting) open(ctx context.Context, config peer.Config) (close func(), err error) {
	select {
	case config.Name = <-m.named:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	m.talk.me = config.Name
	p, err := peer.Listen(ctx, config)
	if err != nil {
		return nil, err
	}
	m.talk.sends, m.talk.query = p.Send, m.room.Query
	m.peer.Store(p)
	ctx, leave := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		if err := p.Run(ctx); err != nil {
			m.end(err)
		}
	})
	return func() { leave(); running.Wait() }, nil
}

// say says one thing.
func (m *meeting) say(ctx context.Context, name, text string) error {
	ctx, cancel := within(ctx, m.timeout)
	defer cancel()
	leave, err := m.open(ctx, peer.Config{DialOnly: true, Directory: m.room})
	if err != nil {
		return late(ctx, m.timeout, err, m.outage.why())
	}
	defer leave()
	return m.talk.say(ctx, name, text)
}

// converse talks until the input's end, /quit, or ctx's.
func (m *meeting) converse(ctx context.Context) error {
	leave, err := m.open(ctx, peer.Config{
		Port:      m.port,
		Address:   m.address,
		Directory: &announced{Client: m.room, tell: m.talk.tell},
		OnMessage: func(said peer.Message) error {
			err := m.talk.take(said)
			if err != nil {
				m.end(err)
			}
			return err
		},
		OnPeer: m.talk.met,
	})
	if err != nil {
		if ctx.Err() != nil { // which says why
			return nil
		}
		return err
	}
	defer leave()
	if m.listen {
		<-ctx.Done()
		return nil
	}
	if atTerminal() {
		m.talk.tell("/help shows what can be typed")
	}
	return m.talk.run(ctx, os.Stdin)
}

// announced is the directory, and tells whether one is listed in it.
type announced struct {
	*client.Client
	tell func(what string)
	told string
}

func (a *announced) Bind(ctx context.Context, address string, port uint16, fingerprint [32]byte) (client.Bound, error) {
	bound, err := a.Client.Bind(ctx, address, port, fingerprint)
	var refusal *client.Refused
	what := a.told
	switch {
	case err == nil:
		what = a.where(ctx)
	case errors.As(err, &refusal) && refusal.Reason.Code == room.ErrUnprocessable.Code:
		what = unreachable(address, port)
	case errors.As(err, &refusal) && refusal.Reason.Code == room.ErrObserver.Code:
		what = "nobody can reach you, and you can call nobody: " + terminal.Clean(refusal.Reason.Text)
	}
	if what != a.told {
		a.told = what
		a.tell(what)
	}
	return bound, err
}

// unreachable says what to do where the server doesn't list one, which doesn't say why.
func unreachable(address string, port uint16) string {
	at := fmt.Sprintf("UDP port %d", port)
	if address != "" {
		at += " of " + address + ", or does not believe that you are there, which serve --bind-from is for"
	}
	return "nobody can reach you: the server gets no answer at " + at + ". Let it in through the firewall, and have the router hand it on to this machine (see --port and --address); calling others works without that"
}

// where is where one is listed.
func (a *announced) where(ctx context.Context) string {
	me := a.State().User
	all, err := a.Query(ctx, me)
	if err != nil || len(all) == 0 {
		return a.told // the next session knows
	}
	return fmt.Sprintf("reachable as %s at %s", me, all[0].At)
}
