package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"redroom/server/client"
	"redroom/server/raw"
	"redroom/server/transport"
)

// rawFlags are what the flags of raw say.
type rawFlags struct {
	connection
	transport             string
	bare, further, octets bool
}

func newRaw() *cobra.Command {
	var f rawFlags
	cmd := &cobra.Command{
		Use:   "raw",
		Short: "Speak the protocol by hand",
		Long: `Speak the protocol by hand, to see what a server does: lines of standard input
go to a channel of a session as frames, and the frames that come are printed. One
is signed in before as whom redroom signin or REDROOM_TOKEN says.

  TYPE 0 field…    a frame without a payload
  TYPE - field…    the next line is the payload, and the length is filled in
  TYPE n field…    the next n octets are the payload, line ends among them

A field has no spaces: what is not visible ASCII, and %, is written %20, %C3%BC,
%25, and an empty field -. What is no legal frame is said so, and sent as it is; an
empty line is not. The server's PING is answered, and not shown.

At the input's end it waits for the answers, and ends with status 0. It ends with
status 1 where the server ends it.`,
		Example: `  redroom raw
  printf 'PING 0 hello\n' | redroom raw
  printf 'JOIN 0 0123456789abcdef 0\nPOST - id-1\nHello!\n' | redroom raw --channel
  redroom raw --bare --transport websocket`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	fl := cmd.Flags()
	f.flags(fl)
	fl.StringVar(&f.transport, "transport", "", "`quic|websocket|webtransport`; none: QUIC, and a WebSocket where it does not get through")
	fl.BoolVar(&f.bare, "bare", false, "sign in by hand, too: with USER and PASS, or TOKEN, in clear on the screen")
	fl.BoolVar(&f.further, "channel", false, "speak on a further channel, which begins with JOIN, and not on the control channel")
	fl.BoolVar(&f.octets, "octets", false, "send and print octets as they are: nothing is filled in, cleaned or answered")
	offer(cmd, "transport", "quic", "websocket", "webtransport")
	return cmd
}

func (f *rawFlags) run(cmd *cobra.Command) error {
	if f.bare && f.further {
		return usageError{errors.New("--bare and --channel exclude each other: a further channel is opened by who has signed in")}
	}
	ctx := cmd.Context()
	enter := f.room
	if f.bare {
		enter = f.stranger
	}
	r, err := enter(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	ways, err := f.ways(r)
	if err != nil {
		return err
	}
	ticket := client.TokenTicket("", r.at.String())
	if !f.bare {
		if ticket, err = r.ticket(ctx); err != nil {
			return overOf(err)
		}
	}
	conn, err := dialFirst(ctx, ways, ticket)
	if err != nil {
		return r.untrusted(err)
	}
	say := func(format string, args ...any) {
		fmt.Fprintf(cmd.ErrOrStderr(), "redroom: %s\n", oneLine(fmt.Errorf(format, args...)))
	}
	if atTerminal() {
		say("connected with %s by %s; Ctrl-D ends it", r.at, conn.Transport())
	}
	return raw.Run(ctx, raw.Config{
		Conn:    conn,
		Token:   ticket.Token,
		Further: f.further,
		Octets:  f.octets,
		In:      cmd.InOrStdin(),
		Out:     cmd.OutOrStdout(),
		Note:    func(wrong error) { say("%w", wrong) },
	})
}

// ways are the transports to be tried, one after the other.
func (f *rawFlags) ways(r *remote) ([]client.Dialer, error) {
	quic, websocket := client.QUIC(r.trust), client.WebSocket(r.trust)
	switch f.transport {
	case "":
		return []client.Dialer{quic, websocket}, nil
	case "quic":
		return []client.Dialer{quic}, nil
	case "websocket":
		return []client.Dialer{websocket}, nil
	case "webtransport":
		return []client.Dialer{client.WebTransport(r.trust)}, nil
	}
	return nil, usageError{fmt.Errorf("--transport is quic, websocket or webtransport, not %q", f.transport)}
}

// dialWithin is how long a transport has to get through.
const dialWithin = 5 * time.Second

// dialFirst opens a connection by the first way that leads there.
func dialFirst(ctx context.Context, ways []client.Dialer, ticket client.Ticket) (transport.Session, error) {
	var failed []error
	for _, dial := range ways {
		ctx, cancel := context.WithTimeout(ctx, dialWithin)
		conn, err := dial(ctx, ticket)
		cancel()
		if err == nil {
			return conn, nil
		}
		failed = append(failed, err)
	}
	return nil, errors.Join(failed...)
}
