package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"github.com/spf13/cobra"

	"redroom/server"
	"redroom/server/load"
	"redroom/server/logging"
	"redroom/server/room"
	"redroom/server/terminal"
)

type serveFlags struct {
	config  server.Config
	proxies []string
	bind    []string // networks
	posts   float64
	success float64 // of datagrams
	demo    bool
	log     logFlags
}

func newServe() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server. No flag is needed: the room opens at http://localhost:8080 in
Chrome, and talks over UDP port 4433.

Every flag is an environment variable too: --http-published is
REDROOM_HTTP_PUBLISHED. A flag beats its variable.`,
		Example: `  redroom serve
  redroom serve --demo --data ./demo
  redroom serve --host room.example.com --addr :443 --tls-cert cert.pem --tls-key key.pem`,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), f, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	fl := cmd.Flags()
	c := &f.config
	fl.StringVar(&c.Data, "data", "./redroom-data", "`directory` of everything that lasts")
	fl.StringVar(&c.HTTP, "http", "localhost:8080", "plain HTTP, loopback `address`es only")
	fl.BoolVar(&c.HTTPPublished, "http-published", false, "--http may be any address, since a container's runtime publishes it on its host's loopback")
	fl.StringVar(&c.Addr, "addr", "localhost:4433", "`address` of HTTPS (TCP) and HTTP/3 with WebTransport (UDP)")
	fl.StringVar(&c.Host, "host", "localhost", "the public `name`")
	fl.StringArrayVar(&c.Origins, "origin", nil, "a further allowed origin, a `URL`; repeatable")
	fl.StringSliceVar(&f.proxies, "trusted-proxies", nil, "networks (`CIDR`) whose X-Forwarded-For and X-Forwarded-Proto count")
	fl.StringSliceVar(&f.bind, "bind-from", nil, "networks (`CIDR`) from which people may say that they are reached at another address than theirs")
	fl.StringVar(&c.TLSCert, "tls-cert", "", "certificate `file` (PEM), read again when it changes")
	fl.StringVar(&c.TLSKey, "tls-key", "", "its key's `file` (PEM)")
	fl.StringVar(&c.H3Cert, "h3-cert", "own", "what HTTP/3 and WebTransport show: `own|same`, the short-lived self-made certificate or the one of --tls-cert")
	fl.Float64Var(&f.posts, "posts-per-second", room.PostRate, "how many posts a user may send, in the long run, 0.01 at least; 0: any `number`")
	fl.Float64Var(&f.success, "datagram-success", 1, "the `share` of CALC datagrams that are answered, 0 to 1: a lossy network to try redroom calc --unreliable on")
	fl.BoolVar(&c.Announce, "announce", false, "tell the local network that a server is here, for redroom discover")
	fl.BoolVar(&c.Echo, "echo", false, "send back what comes on the ALPN echo, also to who has not signed in, for redroom echo")
	fl.BoolVar(&f.demo, "demo", false, "begin with an example deal; for a new --data only")
	fl.StringVar(&c.Qlog, "qlog", "", "write what happens on each QUIC connection to a file of its own in this `directory` (qlog)")
	f.log.add(fl, server.Components...)
	return cmd
}

// A user's posts a second: one in a hundred seconds at least, and no more than
// any machine takes.
const (
	minPosts = 0.01
	maxPosts = 1_000_000
)

// serve runs the server until ctx ends.
func serve(ctx context.Context, f serveFlags, out, diagnostics io.Writer) (err error) {
	log, err := f.log.logger(diagnostics)
	if err != nil {
		return err
	}
	if f.config.TrustedProxies, err = networks("--trusted-proxies", f.proxies); err != nil {
		return err
	}
	if f.config.BindFrom, err = networks("--bind-from", f.bind); err != nil {
		return err
	}
	if f.posts != 0 && !(f.posts >= minPosts && f.posts <= maxPosts) {
		return usageError{fmt.Errorf("--posts-per-second is a number from %v to %d, or 0 for no limit, not %v", minPosts, maxPosts, f.posts)}
	}
	if !(f.success >= 0 && f.success <= 1) {
		return usageError{fmt.Errorf("--datagram-success is a share from 0 to 1, such as 0.5, not %v", f.success)}
	}
	f.config.CalcLoss = 1 - f.success
	f.config.Limits = load.Defaults().WithPosts(f.posts)
	f.config.Log = log
	if f.config.KeyLog, err = openKeyLog(func(path string) {
		log.Warn("the keys of all connections are written to a file (SSLKEYLOGFILE): with it, whoever has their packets can read them", "file", path)
	}, func(err error) {
		log.Warn("the file of SSLKEYLOGFILE lacks keys", "error", err)
	}); err != nil {
		return err
	}
	defer endInTime(ctx, log)()
	if err := f.config.Check(); err != nil {
		return usageError{err}
	}
	s, err := server.New(ctx, f.config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if f.demo {
		accounts, err := s.Demo(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, "An example deal is here. Sign in as one of these:")
		for _, a := range accounts {
			fmt.Fprintf(out, "  %-8s %s   (%s, %s)\n", a.Name, a.Password, a.Display, a.Role)
		}
	}
	greet(out, s, f.config)
	if err := s.Run(ctx); err != nil {
		return err
	}
	log.Info("stopped")
	return nil
}

// networks are those that a flag names.
func networks(flag string, named []string) (all []netip.Prefix, err error) {
	for _, name := range named {
		network, err := netip.ParsePrefix(name)
		if err != nil {
			return nil, usageError{fmt.Errorf("%s: %q is not a network such as 10.0.0.0/8", flag, name)}
		}
		all = append(all, network)
	}
	return all, nil
}

// endWithin is how long a server has to stop: what asks for it waits for ten
// seconds, as Docker does.
const endWithin = 9 * time.Second

// endInTime ends the process if it hasn't ended by itself so long after ctx. It
// is stopped by the function that it gives.
func endInTime(ctx context.Context, log *slog.Logger) (ended func()) {
	over := make(chan struct{})
	context.AfterFunc(ctx, func() {
		timer := time.NewTimer(endWithin)
		defer timer.Stop()
		select {
		case <-over:
		case <-timer.C:
			log.Error("stopping takes too long, as of a disk that hangs, and is given up; what was acknowledged is stored", "after", endWithin)
			os.Exit(failed)
		}
	})
	return func() { close(over) }
}

// greet says where the room is and what to do next.
func greet(out io.Writer, s *server.Server, c server.Config) {
	fmt.Fprintf(out, "Red Room is open at %s\n", s.PlainURL())
	if c.Host != "localhost" {
		fmt.Fprintf(out, "and at %s\n", s.PublicURL())
	}
	fmt.Fprintf(out, "It talks at %s (UDP)\n", s.WebTransportURL())
	if links := s.SetupLinks(); len(links) > 0 {
		fmt.Fprintln(out, "There is no admin yet. Open this link in Chrome to become the first:")
		for _, link := range links {
			fmt.Fprintf(out, "  %s\n", link)
		}
	}
	shown := ""
	if c.TLSCert != "" {
		shown = " (tools are shown " + c.TLSCert + ", which another has signed)"
	}
	fmt.Fprintf(out, "Pin of this server's certificate authority: %s%s\n", s.CA().Pin(), shown)
}

// logFlags say how diagnostics are written.
type logFlags struct {
	format, level string
	components    []string // that may have a level of their own
}

func (f *logFlags) add(fl interface {
	StringVar(p *string, name, value, usage string)
}, components ...string) {
	f.components = components
	fl.StringVar(&f.format, "log-format", "text", "diagnostics as `text|json`")
	usage := "least `level` of diagnostics: debug, info, warn, error"
	if len(components) > 0 {
		usage += "; others for components, such as info,session=debug"
	}
	fl.StringVar(&f.level, "log-level", "info", usage)
}

func (f logFlags) logger(w io.Writer) (*slog.Logger, error) {
	levels, err := logging.ParseLevels(f.level, f.components...)
	if err != nil {
		return nil, usageError{fmt.Errorf("--log-level %s: %w", f.level, err)}
	}
	all := &slog.HandlerOptions{Level: slog.LevelDebug}
	switch f.format {
	case "text":
		return slog.New(logging.New(slog.NewTextHandler(w, all), levels)), nil
	case "json":
		return slog.New(logging.New(slog.NewJSONHandler(escaped{w}, all), levels)), nil
	}
	return nil, usageError{fmt.Errorf("--log-format is text or json, not %q", f.format)}
}

// escaped writes entries of JSON, one at a time, as they may be sent to a terminal:
// strangers' words are in them, and JSON leaves some controls as they are.
type escaped struct{ io.Writer }

func (e escaped) Write(entry []byte) (int, error) {
	if _, err := e.Writer.Write(append(terminal.EscapeJSON(entry), '\n')); err != nil {
		return 0, err
	}
	return len(entry), nil
}

// stdinIsTerminal tells whether somebody is typing.
func stdinIsTerminal() bool {
	info, err := os.Stdin.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
